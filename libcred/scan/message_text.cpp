#include "scan/message_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <gmime/gmime.h>
#include <libxml/HTMLparser.h>
#include <memory>

namespace cred::scan {
namespace {

// Messages within messages beyond that were made by nobody who writes to somebody.
constexpr int deepest = 8;
constexpr int most_parts = 1'000;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <typename T>
using Object = std::unique_ptr<T, Unref>;
struct Free {
  void operator()(char* text) const { g_free(text); }
};
using Text = std::unique_ptr<char, Free>;

bool is_block(const char* name) {
  // What runs on within a line: all others end it.
  constexpr std::array<std::string_view, 24> inline_elements{
      "a",    "abbr",  "acronym", "b",      "bdo",    "big", "cite", "code",
      "dfn",  "em",    "font",    "i",      "ins",    "kbd", "q",    "s",
      "samp", "small", "span",    "strike", "strong", "sub", "sup",  "u"};
  return std::ranges::find(inline_elements, std::string_view(name)) == inline_elements.end();
}

bool is_silent(const xmlNode* node) {
  constexpr std::array<std::string_view, 3> names{"script", "style", "template"};
  return node->type == XML_ELEMENT_NODE && node->name != nullptr &&
         std::ranges::find(names, std::string_view(reinterpret_cast<const char*>(node->name))) !=
             names.end();
}

// Without recursion: a document may be as deep as it likes.
void add_text(const xmlNode* root, std::string& text) {
  const auto is_element_block = [](const xmlNode* node) {
    return node->type == XML_ELEMENT_NODE && node->name != nullptr &&
           is_block(reinterpret_cast<const char*>(node->name));
  };
  for (const xmlNode* node = root; node != nullptr;) {
    if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) &&
        node->content != nullptr)
      text += reinterpret_cast<const char*>(node->content);
    if (is_element_block(node)) text += '\n';
    if (node->children != nullptr && !is_silent(node) && node->type == XML_ELEMENT_NODE) {
      node = node->children;
      continue;
    }
    while (node != nullptr && node != root && node->next == nullptr) {
      node = node->parent;
      if (node != nullptr && is_element_block(node)) text += '\n';
    }
    if (node == nullptr || node == root) return;
    node = node->next;
  }
}

class Reading {
 public:
  void take(GMimeMessage* message, int depth) {
    if (const char* subject = g_mime_message_get_subject(message); subject != nullptr) add(subject);
    if (GMimeObject* part = g_mime_message_get_mime_part(message); part != nullptr)
      take(part, depth);
  }
  std::string done() && { return std::move(text_); }

 private:
  void take(GMimeObject* part, int depth) {
    if (depth > deepest || ++parts_ > most_parts || text_.size() >= largest_text) return;
    if (GMIME_IS_MULTIPART(part)) {
      const int count = g_mime_multipart_get_count(GMIME_MULTIPART(part));
      for (int i = 0; i < count; ++i)
        if (GMimeObject* child = g_mime_multipart_get_part(GMIME_MULTIPART(part), i);
            child != nullptr)
          take(child, depth + 1);
    } else if (GMIME_IS_MESSAGE_PART(part)) {
      if (GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
          inner != nullptr)
        take(inner, depth + 1);
    } else if (GMIME_IS_TEXT_PART(part)) {
      const Text text(g_mime_text_part_get_text(GMIME_TEXT_PART(part)));
      if (!text) return;
      const GMimeContentType* type = g_mime_object_get_content_type(part);
      const bool html =
          type != nullptr &&
          g_mime_content_type_is_type(const_cast<GMimeContentType*>(type), "text", "html") != 0;
      add(html ? html_text(text.get()) : text.get());
    }
  }
  void add(std::string_view text) {
    text_ += text.substr(0, largest_text - std::min(text_.size(), largest_text));
    text_ += '\n';
  }
  std::string text_;
  int parts_ = 0;
};

}  // namespace

std::string html_text(std::string_view utf8) {
  if (utf8.size() > largest_message) return {};
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                          HTML_PARSE_NONET | HTML_PARSE_NODEFDTD;
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      htmlReadMemory(utf8.data(), static_cast<int>(utf8.size()), nullptr, "UTF-8", options),
      &xmlFreeDoc);
  std::string text;
  if (document) add_text(xmlDocGetRootElement(document.get()), text);
  return text;
}

Expected<std::string> message_text(std::span<const char> message) {
  if (message.size() > largest_message)
    return fail(Code::usage, "the message has more than 32 MiB");
  static const bool ready = [] {
    g_mime_init();
    return true;
  }();
  (void)ready;
  const Object<GMimeStream> stream(
      g_mime_stream_mem_new_with_buffer(message.data(), message.size()));
  const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Object<GMimeMessage> parsed(g_mime_parser_construct_message(parser.get(), nullptr));
  Reading reading;
  if (parsed) reading.take(parsed.get(), 0);
  std::string text = std::move(reading).done();
  if (!parsed) text.assign(message.data(), std::min(message.size(), largest_text));
  return text;
}

}  // namespace cred::scan
