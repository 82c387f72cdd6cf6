// One connection of the service: reads requests, one at a time, and answers them.
#pragma once

#include "base/secret.hpp"
#include "broker/peer.hpp"
#include "wire/message.hpp"

#include <array>
#include <asio.hpp>
#include <functional>
#include <memory>
#include <mutex>

namespace cred::broker {

// Lives on the event loop's thread alone; `answer` and `gone` too.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  using Pointer = std::shared_ptr<Conversation>;

  // `on_request` gets each body, and has to see to one `answer`. `on_end` is called
  // once, at the end.
  Conversation(Socket socket, Peer peer, std::function<void(Pointer, Secret)> on_request,
               std::function<void(Pointer)> on_end);

  void start();
  // Sends a frame as `wire::encode` made it, then waits for the next request.
  void answer(Secret frame);
  // Sends a frame of an answer that goes on. `then` is called once: whether it went.
  void part(Secret frame, std::function<void(bool)> then);
  // No further request is read; an answer that is owed is still sent.
  void wind_up();
  void close();

  const Peer& peer() const { return peer_; }
  // Waits for a request or for the rest of one, and could be closed without harm.
  bool idle() const { return !asked_; }
  // The other side has closed its end: nobody reads an answer. From any thread.
  bool gone() const;

 private:
  void read_header();
  void read_body(std::size_t length);
  void expect_within(std::chrono::seconds time);

  mutable std::mutex open_;  // held where the socket is closed, or looked at from elsewhere
  Socket socket_;
  const Peer peer_;
  std::function<void(Pointer, Secret)> on_request_;
  std::function<void(Pointer)> on_end_;
  asio::steady_timer deadline_;
  std::array<std::byte, wire::header_bytes> header_{};
  Secret body_;
  Secret frame_;
  bool begun_ = false;  // a part of a request has come
  bool asked_ = false;  // all of it, and the answer is owed
  bool winding_up_ = false;
};

}  // namespace cred::broker
