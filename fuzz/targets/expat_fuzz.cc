// SPDX-License-Identifier: GPL-3.0-or-later
// Target: expat, aware of namespaces, with everything that XMPP forbids: document types, entities,
// comments. Input: a document. Oracle: whole, in two and octet by octet it reports the same, but
// for text right before an error and for the encoding that it guesses from a first octet alone.
#include <expat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/oracles/split.h"

namespace {

constexpr std::size_t kMostReported = 100'000;  // entities may say much in few octets

// One line an event; text that comes in pieces is one.
struct Report {
  XML_Parser parser = nullptr;
  std::vector<std::string> lines;
  std::size_t octets = 0;
  bool in_text = false;

  void add(std::string line) {
    in_text = false;
    grow(line.size());
    lines.push_back(std::move(line));
  }
  void text(std::string_view run) {
    grow(run.size());
    if (!in_text) {
      lines.emplace_back("text ");
      in_text = true;
    }
    lines.back() += run;
  }
  void grow(std::size_t by) {
    octets += by;
    if (octets > kMostReported) {
      XML_StopParser(parser, XML_FALSE);
    }
  }
};

Report& report(void* data) { return *static_cast<Report*>(data); }
std::string shown(const XML_Char* text) { return text == nullptr ? "(none)" : text; }

void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
  std::string line = "<" + shown(name);
  for (; *attributes != nullptr; attributes += 2) {
    line += " " + shown(attributes[0]) + "=" + shown(attributes[1]);
  }
  report(data).add(std::move(line));
}
void on_end(void* data, const XML_Char* name) { report(data).add("</" + shown(name)); }
void on_text(void* data, const XML_Char* text, int length) {
  report(data).text({text, static_cast<std::size_t>(length)});
}
void on_comment(void* data, const XML_Char* text) { report(data).add("comment " + shown(text)); }
void on_instruction(void* data, const XML_Char* name, const XML_Char* text) {
  report(data).add("instruction " + shown(name) + " " + shown(text));
}
void on_doctype(void* data, const XML_Char* name, const XML_Char* system, const XML_Char* known,
                int subset) {
  report(data).add("doctype " + shown(name) + " " + shown(system) + " " + shown(known) +
                   std::to_string(subset));
}
void on_entity(void* data, const XML_Char* name, int parameter, const XML_Char* value, int length,
               const XML_Char*, const XML_Char* system, const XML_Char* known, const XML_Char*) {
  report(data).add("entity " + shown(name) + std::to_string(parameter) +
                   (value == nullptr ? "" : std::string(value, static_cast<std::size_t>(length))) +
                   shown(system) + shown(known));
}
void on_attribute_list(void* data, const XML_Char* element, const XML_Char* name,
                       const XML_Char* type, const XML_Char* value, int required) {
  report(data).add("attlist " + shown(element) + shown(name) + shown(type) + shown(value) +
                   std::to_string(required));
}
void on_namespace(void* data, const XML_Char* prefix, const XML_Char* uri) {
  report(data).add("namespace " + shown(prefix) + "=" + shown(uri));
}
void on_declaration(void* data, const XML_Char* version, const XML_Char* encoding, int alone) {
  report(data).add("xml " + shown(version) + shown(encoding) + std::to_string(alone));
}

std::vector<std::string> read_pieces(const std::vector<std::string_view>& pieces) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreateNS(nullptr, '\x1F'), XML_ParserFree);
  Report out{.parser = parser.get(), .lines = {}};
  XML_SetUserData(parser.get(), &out);
  XML_SetHashSalt(parser.get(), 1);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetCommentHandler(parser.get(), on_comment);
  XML_SetProcessingInstructionHandler(parser.get(), on_instruction);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  XML_SetEntityDeclHandler(parser.get(), on_entity);
  XML_SetAttlistDeclHandler(parser.get(), on_attribute_list);
  XML_SetStartNamespaceDeclHandler(parser.get(), on_namespace);
  XML_SetXmlDeclHandler(parser.get(), on_declaration);
  auto status = XML_STATUS_OK;
  // White space alone settles UTF-8, and with the NUL after it UTF-16 (FINDINGS.md): both at once.
  std::string held;
  for (auto piece = pieces.begin(); status == XML_STATUS_OK && piece != pieces.end(); ++piece) {
    held += *piece;
    if (held.size() > 1) {
      status = XML_Parse(parser.get(), held.data(), static_cast<int>(held.size()), XML_FALSE);
      held.clear();
    }
  }
  if (status == XML_STATUS_OK) {
    status = XML_Parse(parser.get(), held.data(), static_cast<int>(held.size()), XML_TRUE);
  }
  const auto error = status == XML_STATUS_OK ? XML_ERROR_NONE : XML_GetErrorCode(parser.get());
  if (error == XML_ERROR_ABORTED || error == XML_ERROR_AMPLIFICATION_LIMIT_BREACH) {
    return {};  // where it stopped depends on the pieces
  }
  // Finding "]]>" it drops the text before it, unless that came in an earlier piece (FINDINGS.md).
  if (error != XML_ERROR_NONE && out.in_text) {
    out.lines.pop_back();
  }
  // Which error it finds first depends on the pieces too.
  out.add(error == XML_ERROR_NONE ? "whole" : "refused");
  return std::move(out.lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  PARLEY_ORACLE(!parley::fuzz::differing_split(octets, read_pieces, 4));
  return 0;
}
