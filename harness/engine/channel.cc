// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/channel.h"

#include <algorithm>
#include <utility>

#include "harness/engine/form.h"
#include "harness/engine/noise_channel.h"

namespace parley::engine {
namespace {

// XML streams (RFC 6120 section 4) as they are; what is below, TLS, is the connection's.
class XmlChannel : public Channel {
 public:
  explicit XmlChannel(const model::Profile& profile) : profile_(profile) {}

  std::vector<xml::Item> received(std::string_view octets) override { return reader_.feed(octets); }

  Result<Bytes> write(const model::MessageForm& form, xml::Element element,
                      const Edits& edits) override {
    if (edits.stanza) {
      if (auto edited = edits.stanza(element); !edited) {
        return std::unexpected(edited.error());
      }
    }
    auto octets = print_form(form, element, profile_);
    return edits.bytes ? edits.bytes(std::move(octets)) : octets;
  }

  // Headers, white space and what a change has broken are no stanzas.
  std::vector<xml::Item> sent(std::string_view octets) override {
    if (octets.starts_with("<?")) {
      return {};
    }
    xml::StreamReader reader;  // one send may hold several
    reader.feed(root());
    return reader.feed(octets);
  }

  Reading reads(model::MessageForm::Kind kind, std::string_view octets) const override {
    const auto refused_in = [](const std::vector<xml::Item>& items) {
      const auto at = std::ranges::find_if(
          items, [](const auto& item) { return std::holds_alternative<xml::Refused>(item); });
      return at == items.end() ? nullptr : std::get_if<xml::Refused>(&*at);
    };
    xml::StreamReader reader;
    const bool header = kind == model::MessageForm::Kind::header;
    if (!header) {  // whose prefix every stanza may use
      reader.feed("<parley xmlns='" + xml::escape_attribute(profile_.content_ns) +
                  "' xmlns:stream='" + std::string(xml::kStreamsNamespace) + "'>");
    }
    const auto items = reader.feed(octets);
    if (const auto* refused = refused_in(items)) {
      // Beyond our limits, and from text between stanzas on, another reader may go on reading; not
      // from what is no UTF-8 (RFC 6120 section 11.6).
      const bool no_text = refused->detail.starts_with("invalid UTF-8");
      // A reader that finds the encoding out by itself looks at four octets (XML 1.0 appendix F.1).
      const bool undecided = header && octets.size() < 4;
      const bool may_go_on =
          undecided || refused->beyond_limits() || (refused->condition == "bad-format" && !no_text);
      return may_go_on ? Reading::waiting : Reading::broken;
    }
    if (header) {
      return items.empty() ? Reading::waiting : Reading::whole;
    }
    const auto end = reader.feed("</parley>");
    return !end.empty() && std::holds_alternative<xml::StreamClosed>(end.back()) ? Reading::whole
                                                                                 : Reading::waiting;
  }

  void restart() override { reader_.restart(); }

 private:
  // What stands for the stream's header before stanzas.
  std::string root() const {
    return "<parley xmlns='" + xml::escape_attribute(profile_.content_ns) + "'>";
  }

  const model::Profile& profile_;
  xml::StreamReader reader_;
};

}  // namespace

std::unique_ptr<Channel> make_channel(const model::Profile& profile, Side side,
                                      const std::string& label, const Scope& scope) {
  switch (profile.wire) {
    case model::Wire::xml:
      return std::make_unique<XmlChannel>(profile);
    case model::Wire::noise:
      return make_noise_channel(profile, side, label, scope);
  }
  return nullptr;
}

}  // namespace parley::engine
