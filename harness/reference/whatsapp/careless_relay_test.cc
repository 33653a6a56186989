// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_relay.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::reference::whatsapp {
namespace {

FaultSet only(Fault fault) {
  FaultSet out;
  out.add(fault);
  return out;
}

struct Relayed {
  const char* name;
  Fault fault;
  std::string delivered;
};
std::ostream& operator<<(std::ostream& out, const Relayed& row) { return out << row.name; }

class RelaysCarelessly : public testing::TestWithParam<Relayed> {};

TEST_P(RelaysCarelessly, AsItsNameSays) {
  auto message = *xml::parse(
      "<message type='media'><enc v='3' type='pkmsg' count='1'>abc</enc></message>", "");
  relay_carelessly(message, "2", only(GetParam().fault));
  EXPECT_EQ(xml::print(message), GetParam().delivered);
}

INSTANTIATE_TEST_SUITE_P(
    CarelessRelay, RelaysCarelessly,
    testing::Values(
        Relayed{"in_base64", Fault::wg_sealed_in_base64,
                "<message type='media'><enc v='3' type='pkmsg' count='1'>YWJj</enc></message>"},
        Relayed{"cut", Fault::wg_sealed_cut,
                "<message type='media'><enc v='3' type='pkmsg' count='1'>ab</enc></message>"},
        Relayed{"version_lost", Fault::wg_enc_version_lost,
                "<message type='media'><enc type='pkmsg' count='1'>abc</enc></message>"},
        Relayed{"version_read", Fault::wg_enc_version_read,
                "<message type='media'><enc v='2' type='pkmsg' count='1'>abc</enc></message>"},
        Relayed{"type_lost", Fault::wg_enc_type_lost,
                "<message type='media'><enc v='3' count='1'>abc</enc></message>"},
        Relayed{"first_as_later", Fault::wg_enc_first_as_later,
                "<message type='media'><enc v='3' type='msg' count='1'>abc</enc></message>"},
        Relayed{"attributes_lost", Fault::wg_enc_attributes_lost,
                "<message type='media'><enc v='3' type='pkmsg'>abc</enc></message>"},
        Relayed{"type_text", Fault::wg_message_type_text,
                "<message type='text'><enc v='3' type='pkmsg' count='1'>abc</enc></message>"},
        Relayed{"message_type_lost", Fault::wg_message_type_lost,
                "<message><enc v='3' type='pkmsg' count='1'>abc</enc></message>"},
        Relayed{"another_fault", Fault::wg_retry_stripped,
                "<message type='media'><enc v='3' type='pkmsg' count='1'>abc</enc></message>"}),
    [](const auto& row) { return row.param.name; });

TEST(CarelessRelay, EndsWhatIsSealedAtItsFirstZero) {
  auto message = *xml::parse("<message><enc/></message>", "");
  message.child("enc")->set_text(std::string("ab\0cd", 5));
  relay_carelessly(message, "2", only(Fault::wg_sealed_to_zero));
  EXPECT_EQ(message.child("enc")->text(), "ab");
}

TEST(CarelessRelay, LosesWhatIsEmptyOrCannotBeRead) {
  auto empty = *xml::parse("<message><enc v='2'/></message>", "");
  relay_carelessly(empty, "2", only(Fault::wg_sealed_empty_dropped));
  EXPECT_EQ(xml::print(empty), "<message/>");
  auto unreadable = *xml::parse("<message><enc v='2'>x</enc></message>", "");
  relay_carelessly(unreadable, "2", only(Fault::wg_sealed_unreadable_emptied));
  EXPECT_EQ(xml::print(unreadable), "<message><enc v='2'/></message>");
}

TEST(CarelessRelay, TakesOctetsForText) {
  auto message = *xml::parse("<message><enc/></message>", "");
  message.child("enc")->set_text("a\xFF");
  relay_carelessly(message, "2", only(Fault::wg_sealed_as_text));
  EXPECT_EQ(message.child("enc")->text(), "a\xEF\xBF\xBD");
}

TEST(CarelessRelay, LosesWhatARequestForAMessageSays) {
  const auto bent = [](Fault fault) {
    auto receipt = *xml::parse("<receipt><retry count='3'/><registration/><keys/></receipt>", "");
    ask_again_carelessly(receipt, only(fault));
    return xml::print(receipt);
  };
  EXPECT_EQ(bent(Fault::wg_retry_stripped), "<receipt/>");
  EXPECT_EQ(bent(Fault::wg_retry_keys_lost),
            "<receipt><retry count='3'/><registration/></receipt>");
  EXPECT_EQ(bent(Fault::wg_retry_registration_lost),
            "<receipt><retry count='3'/><keys/></receipt>");
  EXPECT_EQ(bent(Fault::wg_retry_count_first),
            "<receipt><retry count='1'/><registration/><keys/></receipt>");
}

}  // namespace
}  // namespace parley::reference::whatsapp
