// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/oracles/expat_view.h"

#include <expat.h>

#include <memory>

namespace parley::fuzz {
namespace {

using xml::Element;

constexpr char kSeparator = '\x1F';  // no name can hold it

struct Follower {
  XML_Parser parser;
  std::string_view octets;
  const xml::Limits& limits;
  ExpatView view;
  std::vector<Element> open;
  std::size_t elements = 0;  // of the stanza under way

  void stop(ExpatView::End end, std::string reason) {
    if (view.end == ExpatView::End::open) {
      view.end = end;
      view.reason = std::move(reason);
      XML_StopParser(parser, XML_FALSE);
    }
  }
  bool stopped() const { return view.end != ExpatView::End::open; }
  std::size_t here() const { return static_cast<std::size_t>(XML_GetCurrentByteIndex(parser)); }
  std::size_t token_end() const {
    return here() + static_cast<std::size_t>(XML_GetCurrentByteCount(parser));
  }
};

Follower& follower(void* data) { return *static_cast<Follower*>(data); }

std::pair<std::string, std::string> name_of(std::string_view text) {
  const auto at = text.find(kSeparator);
  if (at == std::string_view::npos) {
    return {"", std::string(text)};
  }
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
  auto& self = follower(data);
  if (self.stopped()) {
    return;
  }
  Element element;
  std::tie(element.ns, element.name) = name_of(name);
  for (; *attributes != nullptr; attributes += 2) {
    auto [ns, local] = name_of(attributes[0]);
    element.attributes.push_back({std::move(ns), std::move(local), attributes[1]});
  }
  self.elements = self.open.size() == 1 ? 1 : self.elements + 1;
  if (self.open.size() >= self.limits.max_depth ||
      element.attributes.size() > self.limits.max_attributes ||
      (!self.open.empty() && self.elements > self.limits.max_elements)) {
    self.stop(ExpatView::End::limited, "depth, attributes or elements");
    return;
  }
  if (self.open.empty()) {
    self.view.header = element;
    const auto written = self.octets.substr(self.here() + 1);
    self.view.header_name = written.substr(0, written.find_first_of(" \t\r\n/>"));
    self.view.after_last = self.token_end();
  }
  self.open.push_back(std::move(element));
}

void on_end(void* data, const XML_Char*) {
  auto& self = follower(data);
  if (self.stopped()) {
    return;
  }
  auto element = std::move(self.open.back());
  self.open.pop_back();
  if (self.open.empty()) {
    self.stop(ExpatView::End::closed, "");
  } else if (self.open.size() == 1) {
    self.view.stanzas.push_back(std::move(element));
    self.view.after_last = self.token_end();
  } else {
    self.open.back().children.emplace_back(std::move(element));
  }
}

void on_text(void* data, const XML_Char* text, int length) {
  auto& self = follower(data);
  const std::string_view run(text, static_cast<std::size_t>(length));
  if (self.stopped()) {
    return;
  }
  if (self.open.size() == 1) {
    if (run.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      self.stop(ExpatView::End::restricted, "text between stanzas");
    }
    return;
  }
  auto& children = self.open.back().children;
  if (children.empty() || !std::holds_alternative<std::string>(children.back())) {
    children.emplace_back(std::string());
  }
  std::get<std::string>(children.back()) += run;
}

void on_comment(void* data, const XML_Char*) {
  follower(data).stop(ExpatView::End::restricted, "a comment");
}
void on_instruction(void* data, const XML_Char*, const XML_Char*) {
  follower(data).stop(ExpatView::End::restricted, "an instruction");
}
void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  follower(data).stop(ExpatView::End::restricted, "a document type");
}

void on_declaration(void* data, const XML_Char* version, const XML_Char* encoding, int) {
  std::string named = encoding == nullptr ? "utf-8" : encoding;
  for (char& letter : named) {
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  if (named != "utf-8" || (version != nullptr && std::string_view(version) != "1.0")) {
    follower(data).stop(ExpatView::End::restricted, "another encoding or version");
  }
}

// expat would believe a mark, and takes two octets with a zero for UTF-16.
bool is_guessed(std::string_view octets) {
  const auto first = octets.empty() ? '<' : octets[0];
  return first == '\xEF' || first == '\xFE' || first == '\xFF' ||
         octets.substr(0, 2).contains('\0');
}

}  // namespace

ExpatView view_by_expat(std::string_view octets, const xml::Limits& limits) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreateNS("UTF-8", kSeparator), XML_ParserFree);
  Follower self{.parser = parser.get(),
                .octets = octets,
                .limits = limits,
                .view = {},
                .open = {},
                .elements = 0};
  if (is_guessed(octets)) {
    self.view.end = ExpatView::End::restricted;
    self.view.reason = "another encoding or a mark";
    return std::move(self.view);
  }
  XML_SetUserData(parser.get(), &self);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetCommentHandler(parser.get(), on_comment);
  XML_SetProcessingInstructionHandler(parser.get(), on_instruction);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  XML_SetXmlDeclHandler(parser.get(), on_declaration);
  const auto status =
      XML_Parse(parser.get(), octets.data(), static_cast<int>(octets.size()), XML_FALSE);
  if (status == XML_STATUS_ERROR && !self.stopped()) {
    self.view.end = ExpatView::End::malformed;
    self.view.reason = XML_ErrorString(XML_GetErrorCode(parser.get()));
    self.view.at = self.here();
  }
  return std::move(self.view);
}

}  // namespace parley::fuzz
