#include "server/config/read_tls.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "flare/base/defer.h"
#include "flare/tls/ciphers.h"
#include "flare/tls/x509.h"
#include "server/config/nearest.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

std::chrono::milliseconds duration(const Node& node) {
  return parse_duration(node.text).value_or(std::chrono::milliseconds::zero());
}

template <class T, class Convert>
void take(const LoadContext& context, const Node* table, std::string_view key, Value<T>& value, Convert convert) {
  const Node* const node = table == nullptr ? nullptr : table->find(key);
  if (node != nullptr) value = {convert(*node), context.origin(*node)};
}

void report(LoadContext& context, const Node& at, std::string message, std::string help) {
  context.report("FL0301", at.at, std::move(message), std::move(help));
}

/// The file's text, or an error at the key that names it.
std::optional<std::string> read_file(LoadContext& context, const Node& node, const std::string& path) {
  auto text = context.files.read(path);
  if (text) return std::move(*text);
  report(context, node, fmt::format("cannot read {}: {}", path, text.error()),
         "paths are relative to the file that holds them");
  return std::nullopt;
}

bool is_private(LoadContext& context, const Node& key, const TlsCertificate& certificate) {
  constexpr unsigned kOthers = 077;
  const auto facts = context.files.facts(certificate.files.key);
  if (certificate.files.any_key_mode || !facts || (facts->mode & kOthers) == 0) return true;
  report(
      context, key,
      fmt::format("the private key {} is open to others than its owner ({:04o})", certificate.files.key, facts->mode),
      fmt::format("chmod 600 {}, or key_mode = \"any\"", certificate.files.key));
  return false;
}

void load(LoadContext& context, const Node& table, TlsCertificate& certificate) {
  const Node* const chain_at = table.find("chain");
  const Node* const key_at = table.find("key");
  if (chain_at == nullptr || key_at == nullptr) return;
  const auto chain = read_file(context, *chain_at, certificate.files.chain);
  auto key = read_file(context, *key_at, certificate.files.key);
  const Defer wipe([&key] {
    if (key) OPENSSL_cleanse(key->data(), key->size());
  });
  if (!chain || !key || !is_private(context, *key_at, certificate)) return;
  try {
    auto loaded = tls::Certificate::parse(*chain, *key, certificate.files.passphrase);
    const auto problems = loaded->problems(std::chrono::system_clock::now());
    for (const std::string& problem : problems) {
      report(context, *chain_at,
             fmt::format("the certificate {} ({}) cannot be used: {}", certificate.files.chain, loaded->subject(),
                         problem),
             "renew it");
    }
    if (problems.empty()) certificate.certificate = std::move(loaded);
  } catch (const tls::CertificateError& error) {
    report(
        context, *chain_at, fmt::format("{} with {}: {}", certificate.files.chain, certificate.files.key, error.what()),
        "name the chain and the key that were issued together, and passphrase = \"@file:PATH\" for an encrypted key");
  }
}

void read_certificate(LoadContext& context, const Node& table, std::vector<TlsCertificate>& certificates) {
  TlsCertificate certificate{.place = context.sources.place(table.at)};
  if (const Node* node = table.find("chain")) {
    certificate.files.chain = context.resolve(node->at, node->text);
    certificate.chain_origin = context.origin(*node);
  }
  if (const Node* node = table.find("key")) {
    certificate.files.key = context.resolve(node->at, node->text);
    certificate.key_origin = context.origin(*node);
  }
  if (const Node* node = table.find("passphrase")) {
    certificate.files.passphrase = node->text;
    certificate.passphrase_origin = context.origin(*node);
    if (!node->secret)
      context.report("FL0003", node->at, "a passphrase does not stand in the configuration",
                     "write passphrase = \"@file:PATH\" or \"@env:NAME\"");
  }
  if (const Node* node = table.find("key_mode")) {
    certificate.files.any_key_mode = node->text == "any";
    certificate.key_mode_origin = context.origin(*node);
  }
  take(context, &table, "default", certificate.is_default, [](const Node& node) { return node.boolean; });
  load(context, table, certificate);
  certificates.push_back(std::move(certificate));
}

void read_ciphers(LoadContext& context, const Node& table, TlsSettings& tls) {
  const Node* const node = table.find("ciphers");
  if (node == nullptr) return;
  tls.ciphers = {node->text, context.origin(*node)};
  if (node->text == "intermediate" || node->text == "modern") return;
  const tls::CipherFaults faults = tls::cipher_faults(node->text);
  constexpr std::array<std::string_view, 2> kWords{"intermediate", "modern"};
  if (faults.none) {
    std::string help = did_you_mean(node->text, kWords);
    if (help.empty()) help = "write \"intermediate\", \"modern\", or ciphers in OpenSSL's notation";
    context.report("FL0003", node->at, fmt::format("{} names no cipher of TLS 1.2", shown(*node)), help);
    return;
  }
  if (!faults.unknown.empty()) {
    context.report("FL0003", node->at, fmt::format("no ciphers of TLS 1.2: {}", fmt::join(faults.unknown, ", ")),
                   "OpenSSL would skip them; `openssl ciphers -tls1_2 -s` lists what there is");
  }
  if (!faults.weak.empty()) {
    context.report(
        "FL0003", node->at,
        fmt::format("ciphers without forward secrecy or authenticated encryption: {}", fmt::join(faults.weak, ", ")),
        "name ECDHE ciphers with GCM or CHACHA20-POLY1305 only, or write \"intermediate\"");
  }
}

}  // namespace

void read_tls(LoadContext& context, const Node& document, TlsSettings& tls) {
  const Node* const table = document.find("tls");
  if (table == nullptr || table->kind != Node::Kind::kTable) return;
  const auto number = [](const Node& node) { return node.integer; };
  const auto flag = [](const Node& node) { return node.boolean; };
  take(context, table, "min_version", tls.min_version,
       [](const Node& node) { return node.text == "1.3" ? tls::Version::kTls13 : tls::Version::kTls12; });
  read_ciphers(context, *table, tls);
  take(context, table, "unknown_sni", tls.unknown_sni, [](const Node& node) {
    return node.text == "reject" ? tls::UnknownName::kReject : tls::UnknownName::kDefaultCertificate;
  });
  take(context, table, "handshake_timeout", tls.handshake_timeout, duration);
  take(context, table, "handshake_rate", tls.handshakes_per_hour,
       [](const Node& node) { return parse_rate(node.text).value_or(0); });
  const Node* const tickets = table->find("tickets");
  take(context, tickets, "enabled", tls.tickets, flag);
  take(context, tickets, "rotate", tls.ticket_rotate, duration);
  take(context, tickets, "keep", tls.ticket_keep, number);
  take(context, table, "watch", tls.watch, flag);
  take(context, table, "expiry_warn", tls.expiry_warn, [](const Node& node) {
    std::vector<std::chrono::milliseconds> times;
    for (const Node* each : elements(&node)) times.push_back(duration(*each));
    return times;
  });
  const Node* const certificates = table->find("cert");
  if (certificates == nullptr) return;
  for (const Node& each : certificates->items) {
    if (each.kind == Node::Kind::kTable) read_certificate(context, each, tls.certificates);
  }
}

std::optional<ClientAuth> read_client_auth(LoadContext& context, const Node& table, const Host& host) {
  const Node* const section = table.find("client_auth");
  if (section == nullptr || section->kind != Node::Kind::kTable) return std::nullopt;
  ClientAuth auth;
  take(context, section, "mode", auth.mode, [](const Node& node) {
    return node.text == "request" ? tls::ClientAuth::Mode::kRequest : tls::ClientAuth::Mode::kRequire;
  });
  const Node* const ca = section->find("ca");
  if (ca == nullptr) {
    context.report("FL0003", section->at, fmt::format("[host.{}.client_auth] has no \"ca\"", host.name),
                   "name the file with the authorities that client certificates must come from: ca = \"clients.pem\"");
    return std::nullopt;
  }
  auth.ca = {context.resolve(ca->at, ca->text), context.origin(*ca)};
  auto text = read_file(context, *ca, *auth.ca);
  if (!text) return std::nullopt;
  try {
    static_cast<void>(tls::parse_certificates(*text, "bundle"));
  } catch (const tls::CertificateError& error) {
    report(context, *ca, fmt::format("{}: {}", *auth.ca, error.what()),
           "it must hold the certificates of the authorities that client certificates come from");
    return std::nullopt;
  }
  auth.authorities = std::move(*text);
  return auth;
}

}  // namespace flare::server::config
