#include "broker/conversation.hpp"

#include "base/bytes.hpp"

#include <poll.h>

namespace cred::broker {
namespace {

// A caller that neither asks nor hangs up for so long is gone.
constexpr std::chrono::seconds idle_time{300};
// For what has begun: the rest of a request, an answer's way out.
constexpr std::chrono::seconds transfer_time{10};

}  // namespace

Conversation::Conversation(Socket socket, Peer peer,
                           std::function<void(Pointer, Secret)> on_request,
                           std::function<void(Pointer)> on_end)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      on_request_(std::move(on_request)),
      on_end_(std::move(on_end)),
      deadline_(socket_.get_executor()) {}

void Conversation::start() { read_header(); }

void Conversation::expect_within(std::chrono::seconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = weak_from_this()](const asio::error_code& error) {
    if (error) return;
    if (const auto conversation = self.lock()) conversation->close();
  });
}

void Conversation::read_header() {
  begun_ = asked_ = false;
  if (winding_up_) return close();
  expect_within(idle_time);
  asio::async_read(socket_, asio::buffer(header_),
                   [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                     if (error) return self->close();
                     const std::uint32_t length = Reader(self->header_).u32();
                     if (length == 0 || length > wire::max_body_bytes) return self->close();
                     self->read_body(length);
                   });
}

void Conversation::read_body(std::size_t length) {
  begun_ = true;
  body_ = Secret(length);
  if (!body_.ok()) return close();
  expect_within(transfer_time);
  const auto room = body_.writable();
  asio::async_read(socket_, asio::buffer(room.data(), room.size()),
                   [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                     if (error) return self->close();
                     self->asked_ = true;
                     (void)self->deadline_.cancel();
                     self->on_request_(self, std::move(self->body_));
                   });
}

void Conversation::answer(Secret frame) {
  if (!socket_.is_open()) return;
  frame_ = std::move(frame);
  expect_within(transfer_time);
  const auto bytes = frame_.bytes();
  asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                    [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                      self->frame_.clear();
                      if (error) return self->close();
                      self->read_header();
                    });
}

void Conversation::part(Secret frame, std::function<void(bool)> then) {
  if (!socket_.is_open()) return then(false);
  frame_ = std::move(frame);
  expect_within(transfer_time);
  const auto bytes = frame_.bytes();
  asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                    [self = shared_from_this(),
                     then = std::move(then)](const asio::error_code& error, std::size_t) {
                      self->frame_.clear();
                      (void)self->deadline_.cancel();
                      if (error) self->close();
                      then(!error);
                    });
}

void Conversation::wind_up() {
  winding_up_ = true;
  if (!begun_) close();
}

void Conversation::close() {
  if (!socket_.is_open()) return;
  (void)deadline_.cancel();
  {
    asio::error_code ignored;
    const std::lock_guard lock(open_);
    (void)socket_.close(ignored);
  }
  on_end_(shared_from_this());
}

bool Conversation::gone() const {
  const std::lock_guard lock(open_);
  if (!socket_.is_open()) return true;
  pollfd peer{const_cast<Socket&>(socket_).native_handle(), 0, 0};
  return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace cred::broker
