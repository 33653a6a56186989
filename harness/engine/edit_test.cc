// SPDX-License-Identifier: GPL-3.0-or-later
// The changes stand as a case file says them.
#include "harness/engine/edit.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/model/case_loader.h"

namespace parley::engine {
namespace {

Scope scope() {
  return {.values = {{"bob.jid", "bob@x/r"},
                     {"value", "v'"},
                     {"path", "x/y"},
                     {"child", "<thread>${bob.jid}</thread>"}},
          .rng = Rng(1)};
}

template <class Edit>
Edit edit_of(const std::string& layer, const std::string& keys) {
  model::Problems problems;
  const auto document = model::parse_document(
      "case.yaml",
      "case: one\nprofile: p\nparty: gatekeeper.server\nflow: f\nverifies: X-1\nchange: { step: s, "
      "layer: " +
          layer + ", " + keys + " }\n",
      problems);
  const auto cases = model::cases_of(*document, "test", problems);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return std::get<Edit>(cases.at(0).change->edit);
}

Result<std::string> edited_stanza(const std::string& keys) {
  auto element = *xml::parse(
      "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/></x>"
      "</message>",
      "jabber:client");
  const auto edit = edit_of<model::StanzaEdit>("stanza", keys);
  if (const auto edited = edit_stanza(element, edit, scope(), "jabber:client"); !edited) {
    return std::unexpected(edited.error());
  }
  return xml::print(element, "jabber:client");
}

Result<std::string> edited_bytes(const std::string& keys) {
  return edit_bytes("<a b='1'/><a b='1'/>", edit_of<model::BytesEdit>("bytes", keys), scope());
}

struct Edited {
  const char* name;
  std::string keys;
  std::string edited;
};
std::string name_of(const testing::TestParamInfo<Edited>& row) { return row.param.name; }

class EditStanza : public testing::TestWithParam<Edited> {};

TEST_P(EditStanza, DoesWhatItsKeysSay) {
  const auto edited = edited_stanza(GetParam().keys);
  ASSERT_TRUE(edited) << edited.error();
  EXPECT_EQ(*edited, GetParam().edited);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, EditStanza,
    testing::Values(
        Edited{"set_an_attribute", "set: { '@to': '${bob.jid}x' }",
               "<message to='bob@x/rx' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "</x></message>"},
        Edited{"set_a_new_attribute", "set: { '@from': '${value}' }",
               "<message to='bob@x/r' id='m1' from='v&apos;'><body xml:lang='en'>hi</body>"
               "<x xmlns='urn:x'><y/></x></message>"},
        Edited{"set_the_text_of_a_child", "set: { body: 'a<b' }",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>a&lt;b</body><x xmlns='urn:x'>"
               "<y/></x></message>"},
        Edited{"set_an_attribute_of_a_child", "set: { 'body/@xml:lang': de }",
               "<message to='bob@x/r' id='m1'><body xml:lang='de'>hi</body><x xmlns='urn:x'><y/>"
               "</x></message>"},
        Edited{"set_what_a_row_names", "set: { '${path}': deep }",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'>"
               "<y>deep</y></x></message>"},
        Edited{"set_a_grandchild", "set: { x/y: deep }",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'>"
               "<y>deep</y></x></message>"},
        Edited{"set_children_that_are_not_there", "set: { subject: s, x/z/@n: 1 }",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "<z n='1'/></x><subject>s</subject></message>"},
        Edited{"set_the_stanzas_own_text", "set: { .: all }",
               "<message to='bob@x/r' id='m1'>all<body xml:lang='en'>hi</body><x xmlns='urn:x'>"
               "<y/></x></message>"},
        Edited{"remove_attributes", "remove: ['@id', 'body/@xml:lang', '@absent']",
               "<message to='bob@x/r'><body>hi</body><x xmlns='urn:x'><y/></x></message>"},
        Edited{"remove_a_child_and_a_grandchild", "remove: [body, x/y]",
               "<message to='bob@x/r' id='m1'><x xmlns='urn:x'/></message>"},
        Edited{"remove_what_a_row_names", "remove: '${path}'",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'/>"
               "</message>"},
        Edited{"add_to_the_stanza", "add: ['<thread>${bob.jid}</thread>', '<z xmlns=\"urn:z\"/>']",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "</x><thread>bob@x/r</thread><z xmlns='urn:z'/></message>"},
        Edited{"add_what_a_row_says", "add: '${child}'",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "</x><thread>bob@x/r</thread></message>"},
        Edited{"add_into_a_child", "add: '<z xmlns=\"urn:x\"/>', into: x",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "<z/></x></message>"},
        Edited{"rename", "rename: presence",
               "<presence to='bob@x/r' id='m1'><body xml:lang='en'>hi</body><x xmlns='urn:x'><y/>"
               "</x></presence>"},
        Edited{"give_it_and_its_own_another_namespace", "ns: urn:other",
               "<message xmlns='urn:other' to='bob@x/r' id='m1'><body xml:lang='en'>hi</body>"
               "<x xmlns='urn:x'><y/></x></message>"},
        Edited{"give_a_child_another_namespace", "ns: 'urn:${value}', into: x",
               "<message to='bob@x/r' id='m1'><body xml:lang='en'>hi</body>"
               "<x xmlns='urn:v&apos;'><y/></x></message>"}),
    name_of);

class EditBytes : public testing::TestWithParam<Edited> {};

TEST_P(EditBytes, DoesWhatItsKeysSay) {
  const auto edited = edited_bytes(GetParam().keys);
  ASSERT_TRUE(edited) << edited.error();
  EXPECT_EQ(*edited, GetParam().edited);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, EditBytes,
    testing::Values(
        Edited{"replace_the_first", "find: \"b='1'\", replace: c", "<a c/><a b='1'/>"},
        Edited{"replace_by_nothing", "find: \" b='1'\", replace: ''", "<a/><a b='1'/>"},
        Edited{"replace_by_octets", "find: '\\x31', replace: '\\xC0\\n${value}'",
               "<a b='\xC0\nv''/><a b='1'/>"},
        Edited{"replace_everything", "replace: '${bob.jid}'", "bob@x/r"},
        Edited{"prepend", "prepend: '\\xEF\\xBB\\xBF'", "\xEF\xBB\xBF<a b='1'/><a b='1'/>"},
        Edited{"append", "append: ' ${bob.jid}'", "<a b='1'/><a b='1'/> bob@x/r"},
        Edited{"replace_octets_where_they_stand", "at: 3, take: 5, replace: 'c'",
               "<a c/><a b='1'/>"},
        Edited{"insert_octets_from_the_end", "at: -2, replace: ' c'", "<a b='1'/><a b='1' c/>"},
        Edited{"cut_after_the_first", "cut-after: \"b='\"", "<a b='"},
        Edited{"do_all_of_them",
               "find: '1', replace: '2', cut-after: \"2'\", prepend: p, append: q", "p<a b='2'q"}),
    name_of);

TEST(EditBytes, MutatesTheSameOctetsTheSameWay) {
  const auto mutated = [](const std::string& seed) {
    return edited_bytes("mutate: { by: octets, seed: " + seed + " }").value_or("");
  };
  EXPECT_EQ(mutated("9007199254740991"), mutated("9007199254740991"));
  EXPECT_NE(mutated("1"), mutated("2"));
}

struct BadEdit {
  const char* name;
  Result<std::string> (*edited)(const std::string& keys);
  std::string keys;
  Errc code;
};
class RejectsEdit : public testing::TestWithParam<BadEdit> {};

TEST_P(RejectsEdit, WithItsCode) {
  const auto edited = GetParam().edited(GetParam().keys);
  ASSERT_FALSE(edited) << *edited;
  EXPECT_EQ(edited.error().code, GetParam().code) << edited.error();
}

constexpr auto kStanza = edited_stanza;
constexpr auto kBytes = edited_bytes;

INSTANTIATE_TEST_SUITE_P(
    Edits, RejectsEdit,
    testing::Values(
        BadEdit{"set_an_unknown_value", kStanza, "set: { '@to': '${eve}' }", Errc::not_found},
        BadEdit{"remove_no_child", kStanza, "remove: subject", Errc::not_found},
        BadEdit{"remove_below_no_child", kStanza, "remove: subject/@id", Errc::not_found},
        BadEdit{"add_an_unknown_value", kStanza, "add: '<a>${eve}</a>'", Errc::not_found},
        BadEdit{"add_no_xml", kStanza, "add: <a></b>", Errc::malformed},
        BadEdit{"add_into_no_child", kStanza, "add: <a/>, into: subject", Errc::not_found},
        BadEdit{"name_no_child", kStanza, "ns: urn:other, into: subject", Errc::not_found},
        BadEdit{"name_by_an_unknown_value", kStanza, "ns: '${eve}'", Errc::not_found},
        BadEdit{"find_nothing", kBytes, "find: c, replace: d", Errc::not_found},
        BadEdit{"find_an_unknown_value", kBytes, "find: '${eve}', replace: d", Errc::not_found},
        BadEdit{"replace_by_an_unknown_value", kBytes, "replace: '${eve}'", Errc::not_found},
        BadEdit{"stand_beyond_the_end", kBytes, "at: 99, replace: d", Errc::not_found},
        BadEdit{"cut_after_nothing", kBytes, "cut-after: </a>", Errc::not_found},
        BadEdit{"prepend_a_bad_escape", kBytes, "prepend: '\\q'", Errc::malformed},
        BadEdit{"append_a_bad_escape", kBytes, "append: '\\x0'", Errc::malformed}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace parley::engine
