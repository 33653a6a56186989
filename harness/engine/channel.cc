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
    const auto broken = [](const std::vector<xml::Item>& items) {
      return std::ranges::any_of(
          items, [](const auto& item) { return std::holds_alternative<xml::Refused>(item); });
    };
    xml::StreamReader reader;
    const bool header = kind == model::MessageForm::Kind::header;
    if (!header) {
      reader.feed(root());
    }
    const auto items = reader.feed(octets);
    if (broken(items)) {
      return Reading::broken;
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
