/* SPDX-License-Identifier: Apache-2.0 */
/* libxml2 as a client uses it that wants no entities and no network. */
#include <libxml/parser.h>
#include <string.h>

#include "parley_fuzz.h"

static void tell(struct parley_tree* tree, const xmlNode* node) {
  for (; node != NULL; node = node->next) {
    if (node->type == XML_ELEMENT_NODE) {
      parley_tree_open(tree, node->ns ? (const char*)node->ns->href : "", (const char*)node->name);
      for (const xmlAttr* one = node->properties; one != NULL; one = one->next) {
        xmlChar* value = xmlNodeListGetString(node->doc, one->children, 1);
        const char* text = value ? (const char*)value : "";
        parley_tree_attribute(tree, one->ns ? (const char*)one->ns->href : "",
                              (const char*)one->name, text, strlen(text));
        xmlFree(value);
      }
      tell(tree, node->children);
      parley_tree_close(tree);
    } else if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      parley_tree_text(tree, (const char*)node->content, strlen((const char*)node->content));
    }
  }
}

enum parley_verdict parley_fuzz_parse(const uint8_t* data, size_t size, struct parley_tree* tree) {
  xmlParserCtxt* context = xmlNewParserCtxt();
  xmlDoc* document = xmlCtxtReadMemory(context, (const char*)data, (int)size, NULL, "UTF-8",
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  const enum parley_verdict verdict =
      document && context->nsWellFormed ? PARLEY_ACCEPTED : PARLEY_REFUSED;
  if (verdict == PARLEY_ACCEPTED) tell(tree, xmlDocGetRootElement(document));
  xmlFreeDoc(document);
  xmlFreeParserCtxt(context);
  return verdict;
}
