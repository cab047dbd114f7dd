#include "server/config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr Scopes kAtTop = Scope::kTop;
constexpr Scopes kInHost = Scope::kHost;
constexpr Scopes kInRoute = Scope::kRoute;
constexpr Scopes kTopOrHost = Scope::kTop | Scope::kHost;
constexpr Scopes kHostOrRoute = Scope::kHost | Scope::kRoute;
constexpr Scopes kBelowTop = Scopes(Scope::kPreset) | Scope::kHost | Scope::kRoute;
constexpr Scopes kEverywhere = kBelowTop | Scope::kTop;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kTiB = 1024 * 1024 * kMiB;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kPerSecond = 3600;  // of a rate, which counts per hour

using enum Type;
using enum Shape;

constexpr std::array kKeys{
    Key{.path = "schema",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = std::numeric_limits<std::int64_t>::max(),
        .fallback = "1",
        .prose = "The version of this format. A file that says a later one is refused (FL0006)."},
    Key{.path = "include",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Files to read as if they were part of this one, by shell pattern. Tables merge by name; the same key "
                 "twice is an "
                 "error (FL0005). Only the main file may include."},

    Key{.path = "server.workers",
        .scopes = kAtTop,
        .type = kInt,
        .words = "auto",
        .min = 1,
        .max = 256,
        .fallback = "\"auto\"",
        .prose = "Threads that serve, each with its own listeners. \"auto\": as many as CPU affinity and the cgroup "
                 "quota allow."},
    Key{.path = "server.pin",
        .scopes = kAtTop,
        .type = kInt,
        .shape = kOneOrList,
        .words = "auto|off",
        .min = 0,
        .max = 1023,
        .fallback = "\"auto\"",
        .prose = "Cores to pin workers to. \"auto\" pins when there are no more workers than cores; a list names the "
                 "cores in turn."},
    Key{.path = "server.server_header",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"flared\"",
        .prose = "The Server field of every response; a name, never a version. \"\" removes it."},
    Key{.path = "server.trusted_proxies",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Proxies that may name the client: networks, addresses, or \"unix\" for whoever connects on a unix "
                 "socket. The peer is compared, or the source that its PROXY header names. The client is found in "
                 "X-Forwarded-For or, where there is none, in Forwarded, read from right to left: trusted addresses "
                 "are passed over, the first other one is the client, and what is no address ends the search at the "
                 "one before it. X-Forwarded-For wins because most proxies append to it, and only to it; let yours "
                 "remove the field that it does not write. X-Forwarded-Proto, http or https, becomes the scheme. From "
                 "everybody else these fields mean nothing."},

    Key{.path = "server.utf8",
        .scopes = kAtTop,
        .type = kWord,
        .words = "strict|opaque",
        .fallback = "\"strict\"",
        .prose =
            "What a path must be once its escapes are decoded. \"strict\": UTF-8, else 400; \"opaque\": any bytes, "
            "for files with names in other encodings. Controls are refused either way."},

    Key{.path = "listen.*.address",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .required = true,
        .prose = "Where to accept connections: \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" (= \"[::]:8080\") or "
                 "\"unix:/run/app.sock\"."},
    Key{.path = "listen.*.backlog",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 65535,
        .fallback = "4096",
        .prose = "Connections the kernel may hold for each worker until they are accepted."},
    Key{.path = "listen.*.congestion",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"auto\"",
        .prose = "The congestion control of the connections: \"system\", or a name that the kernel knows, such as "
                 "\"cubic\" (FL0504). \"auto\": as the system says, but reno for clients on a loopback address where "
                 "the system says bbr, whose pacing makes large responses over loopback four times as expensive. An "
                 "address for all interfaces, such as \":8080\", then gets a second socket, on the loopback address "
                 "and the same port, since a connection has to begin with its congestion control. Unix sockets "
                 "have none."},
    Key{.path = "listen.*.mode",
        .scopes = kAtTop,
        .type = kString,
        .prose = "Permissions of the unix sockets of this listener, octal: \"0660\". Without it the umask decides."},
    Key{.path = "listen.*.proxy_protocol",
        .scopes = kAtTop,
        .type = kWord,
        .words = "off|accept|require",
        .fallback = "\"off\"",
        .prose =
            "Whether connections begin with a PROXY header (version 1 or 2), whose source is then the client. "
            "\"require\": a header that is missing, invalid or later than limits.header_timeout, or a peer outside "
            "proxy_from, closes the connection without a byte, and the error log says why. \"accept\": the peers "
            "in proxy_from may send one. \"off\": a header is a bad request."},
    Key{.path = "listen.*.proxy_from",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .prose = "The peers whose PROXY header is believed: networks, addresses, or \"unix\" for whoever connects on a "
                 "unix socket. Mandatory with proxy_protocol (FL0503): anybody else could claim any address."},

    Key{.path = "listen.*.tls",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether connections begin with a TLS handshake, with the certificates of [[tls.cert]]. Plain HTTP is "
                 "answered with a 400 that says so."},
    Key{.path = "listen.*.protocols",
        .scopes = kAtTop,
        .type = kWord,
        .shape = kOneOrList,
        .words = "h1",
        .fallback = "[\"h1\"]",
        .prose = "What is offered to TLS clients (ALPN), the dearest first. A client that wants none of it is refused "
                 "with the alert no_application_protocol; one that asks for nothing gets HTTP/1.1."},

    Key{.path = "tls.min_version",
        .scopes = kAtTop,
        .type = kWord,
        .words = "1.2|1.3",
        .fallback = "\"1.2\"",
        .prose = "The oldest version of TLS that is spoken. The newest is always 1.3."},
    Key{.path = "tls.ciphers",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"intermediate\"",
        .prose = "\"intermediate\": for TLS 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305. \"modern\": TLS 1.3 "
                 "only. Or a list for TLS 1.2 in OpenSSL's notation; a cipher without forward secrecy or without "
                 "authenticated encryption is an error. The suites of TLS 1.3 are fixed. The server's order counts, "
                 "but a client that prefers ChaCha20 gets it."},
    Key{.path = "tls.unknown_sni",
        .scopes = kAtTop,
        .type = kWord,
        .words = "reject|default-cert",
        .fallback = "\"reject\"",
        .prose = "A client that asks for a name which no certificate has: \"reject\" sends the alert "
                 "unrecognized_name, \"default-cert\" the certificate with default = true. Clients that name nobody "
                 "get the default certificate, or the only one there is."},
    Key{.path = "tls.handshake_timeout",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kHour,
        .fallback = "\"10s\"",
        .prose = "From the start of a connection to the end of its handshake; later it is closed."},
    Key{.path = "tls.handshake_rate",
        .scopes = kAtTop,
        .type = kRate,
        .min = 0,
        .max = 1'000'000 * kPerSecond,
        .fallback = "\"0/s\"",
        .prose = "Handshakes that a client address may begin in the long run, IPv6 by its /64; those of one second may "
                 "come at once. More are closed without an answer. \"0/s\": any number. Resumed ones count too."},
    Key{.path = "tls.tickets.enabled",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "true",
        .prose = "Whether clients get a ticket to resume their session with. It opens under the name it was given for "
                 "and under the same client_auth only."},
    Key{.path = "tls.tickets.rotate",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 60 * kSecond,
        .max = 7 * kDay,
        .fallback = "\"12h\"",
        .prose = "How long a key seals tickets. Keys are random, in memory only, shared by all workers."},
    Key{.path = "tls.tickets.keep",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 64,
        .fallback = "2",
        .prose = "Old keys that still open tickets."},
    Key{.path = "tls.watch",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "true",
        .prose = "Whether certificates that change on disk come into use by themselves, within 2 seconds of chain and "
                 "key fitting together. A pair that does not leaves the old one in use, and the error log says so."},
    Key{.path = "tls.expiry_warn",
        .scopes = kAtTop,
        .type = kDuration,
        .shape = kOneOrList,
        .min = 0,
        .max = 365 * kDay,
        .fallback = "[\"21d\", \"7d\", \"1d\"]",
        .prose =
            "How long before a certificate expires the error log says so, once for each; `flared check` warns from "
            "the longest on."},
    Key{.path = "tls.cert",
        .scopes = kAtTop,
        .type = kTables,
        .prose =
            "Certificates, one [[tls.cert]] table each. They are a pool: a client's server name picks by the names "
            "in them (subjectAltName; an exact one before a wildcard). Two with different kinds of keys for the "
            "same names are a pair, and the client's abilities decide."},
    Key{.path = "tls.cert.chain",
        .scopes = kAtTop,
        .type = kString,
        .required = true,
        .prose = "A file with the certificate and its intermediates, PEM."},
    Key{.path = "tls.cert.key",
        .scopes = kAtTop,
        .type = kString,
        .required = true,
        .prose = "A file with the private key, PEM."},
    Key{.path = "tls.cert.passphrase",
        .scopes = kAtTop,
        .type = kString,
        .prose = "Of an encrypted key: \"@file:PATH\" or \"@env:NAME\"."},
    Key{.path = "tls.cert.key_mode",
        .scopes = kAtTop,
        .type = kWord,
        .words = "private|any",
        .fallback = "\"private\"",
        .prose = "\"private\": a key that group or others may read is refused. \"any\": it is taken."},
    Key{.path = "tls.cert.default",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "false",
        .prose = "For clients that name nobody, and with unknown_sni = \"default-cert\" for those that name somebody "
                 "unknown. One certificate at most."},

    Key{.path = "limits.header_bytes",
        .scopes = kAtTop,
        .type = kSize,
        .min = 512,
        .max = kMiB,
        .fallback = "\"16KiB\"",
        .prose = "Request line and header fields together; more answers 431."},
    Key{.path = "limits.header_count",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 10'000,
        .fallback = "100",
        .prose = "Header fields of one request; more answers 431."},
    Key{.path = "limits.uri_bytes",
        .scopes = kAtTop,
        .type = kSize,
        .min = 64,
        .max = kMiB,
        .fallback = "\"8KiB\"",
        .prose = "The request target; longer answers 414."},
    Key{.path = "limits.body",
        .scopes = kEverywhere,
        .type = kSize,
        .min = 0,
        .max = kTiB,
        .fallback = "\"10MiB\"",
        .prose = "Request content; more answers 413."},
    Key{.path = "limits.header_timeout",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kHour,
        .fallback = "\"10s\"",
        .prose = "From the first byte of a request to the end of its header; later answers 408."},
    Key{.path = "limits.body_idle",
        .scopes = kEverywhere,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"30s\"",
        .prose = "Between two reads of request content that a handler wants; later answers 408. Content that none "
                 "wants is skipped for as long in all, then the connection is closed."},
    Key{.path = "limits.write_idle",
        .scopes = kEverywhere,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"30s\"",
        .prose = "Between two writes of a response that move bytes; later the connection is closed."},
    Key{.path = "limits.min_rate",
        .scopes = kEverywhere,
        .type = kByteRate,
        .min = 0,
        .max = kTiB,
        .fallback = "\"256B/s\"",
        .prose = "The pace at which a client must send its content and take a response, on average, after a grace of 5 "
                 "seconds; a slower one gets 408, or the connection is closed. \"0B/s\": any pace."},
    Key{.path = "limits.bandwidth",
        .scopes = kEverywhere,
        .type = kByteRate,
        .min = 0,
        .max = kTiB,
        .fallback = "\"0B/s\"",
        .prose =
            "How fast one response may leave, if its content is larger than 16 KiB. \"0B/s\": as fast as it goes."},
    Key{.path = "limits.keepalive_idle",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"75s\"",
        .prose = "Between two requests of one connection; later it is closed."},
    Key{.path = "limits.keepalive_requests",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1'000'000'000,
        .fallback = "10000",
        .prose = "Requests that one connection may make before it is closed."},
    Key{.path = "limits.keepalive_age",
        .scopes = kAtTop,
        .type = kDuration,
        .min = kSecond,
        .max = 365 * kDay,
        .fallback = "\"1h\"",
        .prose = "How long a connection may go on; the first answer after that closes it."},
    Key{.path = "limits.connections",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 10'000'000,
        .fallback = "20000",
        .prose = "Client connections at a time, of all workers together; one more is answered 503 and closed."},
    Key{.path = "limits.per_ip",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 10'000'000,
        .fallback = "1000",
        .prose = "Connections at a time from one client address, IPv6 by its /64; one more is answered 429 and closed. "
                 "0: any number. Unix sockets do not count."},

    Key{.path = "rate.*.key",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"client_ip\"",
        .prose = "What requests are counted by: \"client_ip\" (IPv6 by /64), \"header:NAME\", \"cookie:NAME\", "
                 "\"route\" or \"host\". A request without that field or cookie, or with several, counts for its "
                 "client's address. Values that clients may choose freely limit nobody: name what the handler checks."},
    Key{.path = "rate.*.rate",
        .scopes = kAtTop,
        .type = kRate,
        .min = 1,
        .max = 1'000'000 * kPerSecond,
        .required = true,
        .prose = "Requests that each of them may make in the long run: \"50/s\", \"600/m\", \"5/h\". More answer "
                 "429 with Retry-After, before the content is read, and count for nothing."},
    Key{.path = "rate.*.burst",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1'000'000,
        .prose = "Requests that may come at once after a pause. Without it: those of one second, at least 1."},
    Key{.path = "rate.*.reply",
        .scopes = kAtTop,
        .type = kIntWord,
        .words = "429|503",
        .fallback = "429",
        .prose = "The status of the refusal: 429 says that this client asks too much, 503 that the server has enough."},
    Key{.path = "rate.*.slots",
        .scopes = kAtTop,
        .type = kInt,
        .min = 16,
        .max = 16'777'216,
        .fallback = "65536",
        .prose = "How many of them are remembered, in memory of 56 bytes each that is taken at the start and never "
                 "grows. Beyond that the least recently seen is forgotten."},

    Key{.path = "upstream.*.servers",
        .scopes = kAtTop,
        .type = kTables,
        .prose = "The servers of a pool, one table each. A pool has these or `discover`."},
    Key{.path = "upstream.*.servers.addr",
        .scopes = kAtTop,
        .type = kString,
        .required = true,
        .prose = "\"192.0.2.1:3000\", \"[2001:db8::1]:3000\", \"unix:/run/app.sock\", or a name, "
                 "\"app.internal:3000\": its addresses are asked from the DNS as long as they hold, and tried in turn "
                 "(happy eyeballs)."},
    Key{.path = "upstream.*.servers.weight",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1000,
        .fallback = "1",
        .prose = "How much of the requests it gets, beside the others."},
    Key{.path = "upstream.*.servers.backup",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Asked only while no other server can be."},
    Key{.path = "upstream.*.discover.name",
        .scopes = kAtTop,
        .type = kString,
        .required = true,
        .prose = "A name whose records are the servers of the pool."},
    Key{.path = "upstream.*.discover.port",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 65535,
        .prose = "The servers' port; not with SRV, whose records have it."},
    Key{.path = "upstream.*.discover.type",
        .scopes = kAtTop,
        .type = kWord,
        .words = "A+AAAA|A|AAAA|SRV",
        .fallback = "\"A+AAAA\"",
        .prose = "Which records are asked for. Of SRV those with the best priority are the servers, the others their "
                 "backups; their weights count."},
    Key{.path = "upstream.*.discover.min_ttl",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"1s\"",
        .prose = "The DNS says how long its answers hold; no answer is asked for again before this."},
    Key{.path = "upstream.*.discover.max_ttl",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"60s\"",
        .prose = "Nor later than this."},
    Key{.path = "upstream.*.discover.on_failure",
        .scopes = kAtTop,
        .type = kWord,
        .words = "keep|empty",
        .fallback = "\"keep\"",
        .prose = "When the name does not resolve any more: \"keep\" the last good answer, or go on with none."},
    Key{.path = "upstream.*.discover.stale",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 1000,
        .max = 30 * kDay,
        .fallback = "\"1d\"",
        .prose = "How long the last good answer is kept."},
    Key{.path = "upstream.*.balance",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"p2c_ewma\"",
        .prose = "Who is asked: \"p2c_ewma\", of two at random the one with less to wait for; \"least_conn\", the one "
                 "with the fewest requests under way; \"round_robin\"; or \"hash:uri\", \"hash:path\", "
                 "\"hash:client_ip\", \"hash:header:NAME\", \"hash:cookie:NAME\": like goes to like, and a server that "
                 "comes or goes moves only its own share. Weights count in all of them."},
    Key{.path = "upstream.*.sticky.cookie",
        .scopes = kAtTop,
        .type = kString,
        .required = true,
        .prose = "A cookie that keeps a client at the server it was at. It is HttpOnly, SameSite=Lax, and says nothing "
                 "about the server: a MAC of its address (SipHash, 128 bits)."},
    Key{.path = "upstream.*.sticky.ttl",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 1000,
        .max = 365 * kDay,
        .prose = "How long the browser keeps it; without it until it is closed."},
    Key{.path = "upstream.*.sticky.secure",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "true",
        .prose = "Whether browsers send it over https only."},
    Key{.path = "upstream.*.sticky.secret",
        .scopes = kAtTop,
        .type = kString,
        .prose = "What cookies are made with: \"@file:PATH\" or \"@env:NAME\". Several flared with one secret know "
                 "each other's cookies; without it they hold until flared restarts."},
    Key{.path = "upstream.*.keepalive.idle",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"60s\"",
        .prose = "How long an unused connection stays open."},
    Key{.path = "upstream.*.keepalive.age",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 1000,
        .max = 30 * kDay,
        .fallback = "\"1h\"",
        .prose = "How old a connection may be when it is used again."},
    Key{.path = "upstream.*.keepalive.max_idle",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 100'000,
        .fallback = "64",
        .prose = "How many unused connections each worker keeps to each server."},
    Key{.path = "upstream.*.keepalive.max_requests",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1'000'000'000,
        .fallback = "10000",
        .prose = "How many requests one connection carries."},
    Key{.path = "upstream.*.timeout.connect",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kHour,
        .fallback = "\"2s\"",
        .prose = "To connect, a TLS handshake included; later the next server is asked, or the answer is 504."},
    Key{.path = "upstream.*.timeout.first_byte",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"30s\"",
        .prose = "From the end of the request to the head of the answer; later answers 504."},
    Key{.path = "upstream.*.timeout.idle",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .fallback = "\"60s\"",
        .prose = "Between two pieces of the answer's content, and between two of the request's that the server takes."},
    Key{.path = "upstream.*.timeout.tunnel_idle",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = 30 * kDay,
        .fallback = "\"1h\"",
        .prose = "Without a byte either way on a connection that was upgraded, such as a WebSocket's."},
    Key{.path = "upstream.*.max_conns",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 1'000'000,
        .fallback = "0",
        .prose = "Requests under way at one server, of all workers together; where one is over, whoever waits in any "
                 "worker goes on. 0: any number."},
    Key{.path = "upstream.*.queue.depth",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 1'000'000,
        .fallback = "0",
        .prose =
            "How many requests wait for a server where all have max_conns under way: so many in each worker, first "
            "come, first served there, and the workers take turns. Others are answered 503."},
    Key{.path = "upstream.*.queue.wait",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 1,
        .max = kHour,
        .fallback = "\"2s\"",
        .prose = "How long each waits before it is answered 503."},
    Key{.path = "upstream.*.slow_start",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 0,
        .max = kDay,
        .fallback = "\"0s\"",
        .prose = "A server that is up again begins with a tenth of its share, and has all of it after this."},
    Key{.path = "upstream.*.panic",
        .scopes = kAtTop,
        .type = kWord,
        .words = "off|serve-all",
        .fallback = "\"off\"",
        .prose = "Where no server is healthy: \"serve-all\" asks them as if they all were; \"off\" answers 503."},
    Key{.path = "upstream.*.health.path",
        .scopes = kAtTop,
        .type = kString,
        .prose = "What checks ask for, by GET. Without it a connection is enough."},
    Key{.path = "upstream.*.health.host",
        .scopes = kAtTop,
        .type = kString,
        .prose = "The Host field of checks; the server's address without it."},
    Key{.path = "upstream.*.health.interval",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"5s\"",
        .prose = "From one check of a server to the next, give or take a tenth. One thread checks for all workers."},
    Key{.path = "upstream.*.health.timeout",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 10,
        .max = kHour,
        .fallback = "\"2s\"",
        .prose = "What a check may take, connecting included."},
    Key{.path = "upstream.*.health.rise",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1000,
        .fallback = "2",
        .prose = "So many good checks in a row make a server that is down healthy again."},
    Key{.path = "upstream.*.health.fall",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1000,
        .fallback = "3",
        .prose = "So many bad checks in a row take a server down."},
    Key{.path = "upstream.*.health.expect",
        .scopes = kAtTop,
        .type = kInt,
        .shape = kOneOrList,
        .min = 100,
        .max = 599,
        .prose = "Statuses that are good; 200 to 399 without it."},
    Key{.path = "upstream.*.health.require",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether a server that was not checked yet waits for its first good check."},
    Key{.path = "upstream.*.eject.errors",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 1'000'000,
        .fallback = "5",
        .prose = "So many failures (no connection, no answer, no HTTP) within `window` leave a server out; 0: never."},
    Key{.path = "upstream.*.eject.window",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"10s\"",
        .prose = "In which failures are counted."},
    Key{.path = "upstream.*.eject.for",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"15s\"",
        .prose = "How long a server is left out; it comes back by slow_start."},
    Key{.path = "upstream.*.eject.max_ejected",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"50%\"",
        .prose = "No more of the servers than this are left out at once."},
    Key{.path = "upstream.*.retry.on",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[\"connect\", \"reset-before-response\"]",
        .prose = "What another server is asked for instead: \"connect\", a connection that cannot be made; \"reset- "
                 "before-response\", one that ends before a byte of the answer; \"timeout\", no answer in time; "
                 "statuses, such as \"503\". Only for methods that may be repeated (RFC 9110 §9.2.2) and content that "
                 "is kept (proxy.buffer), except \"connect\", where nothing was sent. Never once the client has got a "
                 "byte. A kept connection that turns out to be closed is replaced in any case."},
    Key{.path = "upstream.*.retry.max",
        .scopes = kAtTop,
        .type = kInt,
        .min = 0,
        .max = 8,
        .fallback = "1",
        .prose = "How many other servers one request is taken to."},
    Key{.path = "upstream.*.retry.budget",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"20%\"",
        .prose = "Of each worker's requests, and a few in any case. \"connect\" does not count."},
    Key{.path = "upstream.*.breaker.failures",
        .scopes = kAtTop,
        .type = kString,
        .fallback = "\"50%\"",
        .prose = "Where so many of the requests within `window` fail, nobody is asked for a while: 503."},
    Key{.path = "upstream.*.breaker.requests",
        .scopes = kAtTop,
        .type = kInt,
        .min = 1,
        .max = 1'000'000,
        .fallback = "20",
        .prose = "A window with fewer requests says nothing."},
    Key{.path = "upstream.*.breaker.window",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"10s\"",
        .prose = "In which requests are counted."},
    Key{.path = "upstream.*.breaker.open",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 100,
        .max = kDay,
        .fallback = "\"5s\"",
        .prose = "How long nobody is asked; then one request decides."},
    Key{.path = "upstream.*.tls",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether servers are asked over TLS; a table with the keys below switches it on."},
    Key{.path = "upstream.*.tls.verify",
        .scopes = kAtTop,
        .type = kBool,
        .fallback = "true",
        .prose = "Whether a server has to show a certificate for its name, by an authority that is trusted. Without it "
                 "anybody may answer."},
    Key{.path = "upstream.*.tls.ca",
        .scopes = kAtTop,
        .type = kString,
        .prose = "A file with the authorities that are trusted, PEM; without it those of the system."},
    Key{.path = "upstream.*.tls.sni",
        .scopes = kAtTop,
        .type = kString,
        .prose = "Whom to ask for and whose certificate to expect; the host of `addr` without it."},
    Key{.path = "upstream.*.tls.cert",
        .scopes = kAtTop,
        .type = kString,
        .prose = "Our own certificate, for servers that ask for one: a file, PEM, with `key`."},
    Key{.path = "upstream.*.tls.key", .scopes = kAtTop, .type = kString, .prose = "Its private key, PEM."},
    Key{.path = "upstream.*.tls.passphrase",
        .scopes = kAtTop,
        .type = kString,
        .prose = "Of an encrypted key: \"@file:PATH\" or \"@env:NAME\"."},
    Key{.path = "preset.*",
        .scopes = kAtTop,
        .type = kPreset,
        .prose = "Settings to name in `use`. What a host or a route says itself always wins over a preset."},
    Key{.path = "host.*", .scopes = kAtTop, .type = kHost, .prose = "A site: the names it answers to and its routes."},
    Key{.path = "names",
        .scopes = kInHost,
        .type = kString,
        .shape = kOneOrList,
        .required = true,
        .prose = "Host names: exact (\"www.example.com\"), \"*.example.com\" for one or more labels below it, \"_\" "
                 "for any name. "
                 "An exact name beats the longest \"*.\" name, which beats \"_\"."},
    Key{.path = "listen",
        .scopes = kInHost,
        .type = kString,
        .shape = kOneOrList,
        .prose = "The listeners, by name, on which this host answers. Without it: all of them."},
    Key{.path = "client_auth.mode",
        .scopes = kInHost,
        .type = kWord,
        .words = "request|require",
        .fallback = "\"require\"",
        .prose = "Client certificates: \"require\" ends the handshake of whoever has no good one; \"request\" lets "
                 "everybody in, and the access log and handlers see what was shown. A connection made under another "
                 "host's name gets 421 here."},
    Key{.path = "client_auth.ca",
        .scopes = kInHost,
        .type = kString,
        .prose = "A file with the certificates of the authorities that client certificates must come from, PEM. "
                 "Mandatory with client_auth."},
    Key{.path = "route",
        .scopes = kTopOrHost,
        .type = kRoutes,
        .prose = "Routes, one [[...]] table each; their order never matters. At the top level they belong to the host "
                 "\"_\" on every listener."},

    Key{.path = "id",
        .scopes = kInRoute,
        .type = kString,
        .prose = "The route's name in logs. Without it: HOST:PATH, or HOST:METHOD PATH."},
    Key{.path = "path",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "Segments compared one by one: literal, \":name\" or \"*\" (any one segment), and a trailing \"/**\" "
                 "(any number). No regular expressions."},
    Key{.path = "params.*",
        .scopes = kInRoute,
        .type = kWord,
        .words = "int|uuid|slug|hex",
        .prose = "What a \":name\" segment must look like for the route to match."},
    Key{.path = "method",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "Methods that match; GET implies HEAD. Without it: all."},
    Key{.path = "header.*",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "A request field and the values that match, one of which it must have exactly."},
    Key{.path = "query.*",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "A query parameter and the values that match."},
    Key{.path = "cookie.*",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "A cookie and the values that match."},
    Key{.path = "from",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "Client networks that match: \"10.0.0.0/8\", \"2001:db8::/32\", or one address."},
    Key{.path = "scheme",
        .scopes = kInRoute,
        .type = kWord,
        .shape = kOneOrList,
        .words = "http|https",
        .prose = "The scheme that the client used."},

    Key{.path = "respond.status",
        .scopes = kInRoute,
        .type = kInt,
        .min = 200,
        .max = 599,
        .fallback = "200",
        .prose = "The status of a fixed answer."},
    Key{.path = "respond.type",
        .scopes = kInRoute,
        .type = kString,
        .fallback = "\"text/plain; charset=utf-8\"",
        .prose = "Its Content-Type."},
    Key{.path = "respond.text", .scopes = kInRoute, .type = kString, .fallback = "\"\"", .prose = "Its content."},
    Key{.path = "redirect.to",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "The Location. {path}, {tail} (what ** matched), {query} (with its ?), {host} and {param.NAME} are "
                 "filled in, encoded."},
    Key{.path = "redirect.status",
        .scopes = kInRoute,
        .type = kIntWord,
        .words = "301|302|303|307|308",
        .fallback = "308",
        .prose = "The status of the redirect."},
    Key{.path = "proxy.to",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "Who is asked: a pool, by the name of its [upstream.NAME], or a server: \"http://127.0.0.1:3000\", "
                 "\"https://app.example.net\" (verified), \"unix:/run/app.sock\"."},
    Key{.path = "proxy.strip_prefix",
        .scopes = kInRoute,
        .type = kString,
        .fallback = "\"\"",
        .prose =
            "Taken off the front of the path, whole segments only: with \"/api\", /api/x becomes /x and /apix stays. "
            "The rest goes on byte for byte."},
    Key{.path = "proxy.add_prefix",
        .scopes = kInRoute,
        .type = kString,
        .fallback = "\"\"",
        .prose = "Put in front of what is left of the path."},
    Key{.path = "proxy.host",
        .scopes = kInRoute,
        .type = kString,
        .fallback = "\"original\"",
        .prose =
            "The Host field of the request: \"original\", whom the client asked for; \"upstream\", the server in `to`; "
            "or a name."},
    Key{.path = "proxy.forwarded",
        .scopes = kInRoute,
        .type = kWord,
        .words = "off|rfc7239",
        .fallback = "\"off\"",
        .prose =
            "Whether the server gets a Forwarded field (RFC 7239) beside X-Forwarded-For, -Proto, -Host, -Port and "
            "X-Real-IP, which it always gets."},
    Key{.path = "proxy.proxy_status",
        .scopes = kInRoute,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether answers of flared's own (502, 503, 504) carry Proxy-Status (RFC 9209), which says why."},
    Key{.path = "proxy.buffer",
        .scopes = kInRoute,
        .type = kSize,
        .min = 0,
        .max = kGiB,
        .fallback = "\"0B\"",
        .prose = "So much of a request's content is received before a server is asked, and kept in memory: content of "
                 "that size can be sent again. Longer content streams from there on."},
    Key{.path = "proxy.timeout.first_byte",
        .scopes = kInRoute,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .prose = "In place of the pool's timeout.first_byte."},
    Key{.path = "proxy.timeout.idle",
        .scopes = kInRoute,
        .type = kDuration,
        .min = 10,
        .max = kDay,
        .prose = "In place of the pool's timeout.idle."},
    Key{.path = "proxy.timeout.tunnel_idle",
        .scopes = kInRoute,
        .type = kDuration,
        .min = 10,
        .max = 30 * kDay,
        .prose = "In place of the pool's timeout.tunnel_idle."},
    Key{.path = "proxy.retry.on",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .prose = "In place of the pool's retry.on; the other keys of this table then have their defaults."},
    Key{.path = "proxy.retry.max",
        .scopes = kInRoute,
        .type = kInt,
        .min = 0,
        .max = 8,
        .fallback = "1",
        .prose = "In place of the pool's retry.max."},
    Key{.path = "proxy.retry.budget",
        .scopes = kInRoute,
        .type = kString,
        .fallback = "\"20%\"",
        .prose = "In place of the pool's retry.budget; the route then has a budget of its own."},
    Key{.path = "proxy.split.to",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "Another pool, or server, that a part of the requests goes to."},
    Key{.path = "proxy.split.share",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "How large a part: \"5%\"."},
    Key{.path = "proxy.split.by",
        .scopes = kInRoute,
        .type = kString,
        .prose =
            "Whose requests all go the same way: \"client_ip\", \"cookie:NAME\", \"header:NAME\", \"uri\" or \"path\". "
            "Without it each request goes its own way."},
    Key{.path = "static.root",
        .scopes = kInRoute,
        .type = kString,
        .required = true,
        .prose = "The folder to serve. A path that ends in /** serves what lies below it, any other path one file. "
                 "Another folder put in its place, by a rename or a link, is served within a second."},
    Key{.path = "static.index",
        .scopes = kInRoute,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[\"index.html\"]",
        .prose = "Files that answer for their folder; the first that exists. [] for none."},
    Key{.path = "static.fallback",
        .scopes = kInRoute,
        .type = kString,
        .prose =
            "A file below the root that answers, with 200, for what is missing, where the request is for a page: it "
            "accepts text/html, and the last segment of its path has no extension. For applications that route in "
            "the browser."},
    Key{.path = "static.precompressed",
        .scopes = kInRoute,
        .type = kWord,
        .shape = kOneOrList,
        .words = "zst|br|gz",
        .fallback = "[]",
        .prose = "Endings of compressed files to look for beside a file (page.html.br), and to send in its place where "
                 "the client prefers that; the first wins a tie. One that is older than its source is ignored."},
    Key{.path = "static.list",
        .scopes = kInRoute,
        .type = kWord,
        .words = "off|html|json",
        .fallback = "\"off\"",
        .prose = "Whether a folder without index answers with a list of what it holds. \"html\": a page, or JSON where "
                 "the request's Accept prefers it; \"json\": always JSON."},
    Key{.path = "static.list_entries",
        .scopes = kInRoute,
        .type = kInt,
        .min = 1,
        .max = 1'000'000,
        .fallback = "10000",
        .prose = "How many names a list shows."},
    Key{.path = "static.symlinks",
        .scopes = kInRoute,
        .type = kWord,
        .words = "never|same-owner|inside-root",
        .fallback = "\"never\"",
        .prose =
            "Which symbolic links are followed: none, those whose owner also owns what they lead to, or all. Always "
            "only while they stay below the root, and never absolute ones or those of /proc; others answer 404."},
    Key{.path = "static.dotfiles",
        .scopes = kInRoute,
        .type = kWord,
        .words = "deny|allow",
        .fallback = "\"deny\"",
        .prose = "Whether names that begin with a dot are served. /.well-known/ always is, and what a path without /** "
                 "names."},
    Key{.path = "static.etag",
        .scopes = kInRoute,
        .type = kWord,
        .words = "time|content",
        .fallback = "\"time\"",
        .prose =
            "What the ETag is made of: size and modification time, equal on replicas whose files have equal times, or "
            "a hash of the content, which is read once for each change."},
    Key{.path = "static.cache",
        .scopes = kInRoute,
        .type = kSize,
        .min = 0,
        .max = kTiB,
        .fallback = "\"16MiB\"",
        .prose = "Memory in which each worker keeps files up to 16 KiB of this route, and what `compress` has made of "
                 "those up "
                 "to 1 MiB. They are compared with the disk once a second. \"0B\": none, and every request looks at "
                 "the disk."},
    Key{.path = "static.open_files",
        .scopes = kInRoute,
        .type = kInt,
        .min = 0,
        .max = 100'000,
        .fallback = "256",
        .prose = "Larger files that each worker keeps open."},

    Key{.path = "use",
        .scopes = kHostOrRoute,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Presets to apply, in order: the later wins, and a route's come after its host's."},
    Key{.path = "hsts",
        .scopes = kBelowTop,
        .type = kDuration,
        .min = 0,
        .max = 10 * 365 * kDay,
        .prose = "Strict-Transport-Security on answers over https: for so long browsers come by https only (RFC 6797). "
                 "\"0s\" makes them forget it."},
    Key{.path = "headers.set.*",
        .scopes = kBelowTop,
        .type = kString,
        .prose = "A response field to set, replacing the handler's."},
    Key{.path = "headers.unset",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Response fields to remove, also those that an outer level sets."},
    Key{.path = "headers.security",
        .scopes = kBelowTop,
        .type = kWord,
        .words = "off|basic|strict",
        .fallback = "\"off\"",
        .prose =
            "Fields that an answer gets where it has none of that name. \"basic\": X-Content-Type-Options: nosniff, "
            "Referrer-Policy: strict-origin-when-cross-origin, X-Frame-Options: SAMEORIGIN. \"strict\": the first "
            "of them, Referrer-Policy: no-referrer, X-Frame-Options: DENY, a Content-Security-Policy of 'self' alone, "
            "Cross-Origin-Opener-Policy and Cross-Origin-Resource-Policy: same-origin, and a Permissions-Policy "
            "without camera, geolocation, microphone, payment and USB. hsts is a key of its own."},
    Key{.path = "headers.request.set.*",
        .scopes = kBelowTop,
        .type = kString,
        .prose = "A field of the request that an upstream server gets, replacing the client's."},
    Key{.path = "headers.request.unset",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Fields of the request that upstream servers do not get."},
    Key{.path = "cache_control",
        .scopes = kBelowTop,
        .type = kTables,
        .fallback = "[]",
        .prose =
            "Cache-Control for the files of `static`, by pattern: the first that matches. Other answers have none of "
            "it; use headers.set for them."},
    Key{.path = "cache_control.match",
        .scopes = kBelowTop,
        .type = kString,
        .required = true,
        .prose = "A pattern of file names: * and ? (no slash), ** (anything), **/ (any folders), [0-9a-f], [!a-z], "
                 "{js,css}. Without a slash "
                 "it is about the last segment, with one about the path below the root."},
    Key{.path = "cache_control.value",
        .scopes = kBelowTop,
        .type = kString,
        .required = true,
        .prose = "The field's value, such as \"public, max-age=31536000, immutable\"."},
    Key{.path = "error_pages.*",
        .scopes = kBelowTop,
        .type = kString,
        .prose =
            "A file to answer with in place of flared's own page, by status (\"404\") or class (\"4xx\", \"5xx\"); "
            "read "
            "when the configuration is loaded, at most 1 MiB. Clients that prefer JSON still get problem+json, and "
            "answers of handlers and upstreams stay theirs."},
    Key{.path = "compress",
        .scopes = kBelowTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether answers are compressed while they are made; a table with keys of [compress] switches it on "
                 "and changes those keys here. At the top level the table [compress] switches it on everywhere."},
    Key{.path = "compress.encodings",
        .scopes = kEverywhere,
        .type = kWord,
        .shape = kOneOrList,
        .words = "zstd|br|gzip",
        .fallback = "[\"zstd\", \"br\", \"gzip\"]",
        .prose = "The content codings to use. What the client prefers decides; the first wins a tie. Never compressed: "
                 "ranges, event streams, what is encoded already, Cache-Control: no-transform."},
    Key{.path = "compress.min_size",
        .scopes = kEverywhere,
        .type = kSize,
        .min = 0,
        .max = kTiB,
        .fallback = "\"1KiB\"",
        .prose = "Smaller contents are sent as they are, unless the client refuses that (identity;q=0)."},
    Key{.path = "compress.types",
        .scopes = kEverywhere,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[\"text/*\", \"application/json\", \"application/javascript\", \"application/xml\", "
                    "\"application/manifest+json\", \"application/ld+json\", \"application/problem+json\", "
                    "\"application/rss+xml\", \"application/atom+xml\", \"application/xhtml+xml\", "
                    "\"application/wasm\", \"image/svg+xml\"]",
        .prose = "Media types to compress, without parameters; \"text/*\" for all of a kind. Their answers have Vary: "
                 "Accept-Encoding."},
    Key{.path = "compress.streams",
        .scopes = kEverywhere,
        .type = kInt,
        .min = 0,
        .max = 1'000'000,
        .fallback = "128",
        .prose =
            "Answers that each worker compresses while it sends them, at a time: those over 1 MiB, and those whose "
            "length is not known. Each takes up to about 1 MiB. One more is sent as it is, and the access log "
            "says why: compress_streams."},
    Key{.path = "rate",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Rates, by name, all of which a request must keep; routes that name the same rate count together. "
                 "What no route takes is not counted."},
    Key{.path = "allow",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .prose = "Clients that are let in: networks, addresses, or \"unix\" for whoever connects on a unix socket. "
                 "Everybody else is answered 403, before rates count and before content is read; the access log says "
                 "access_denied. The client is whom the PROXY header or a trusted proxy names, else the peer. Of a "
                 "host it holds for what no route takes, too. The list replaces that of an outer level."},
    Key{.path = "deny",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Clients that are refused as by allow, also those that allow lets in. The list replaces that of an "
                 "outer level: [] refuses nobody."},
    Key{.path = "auth",
        .scopes = kBelowTop,
        .type = kBool,
        .fallback = "false",
        .prose =
            "Who may ask: a table with auth.basic or auth.forward. false lifts what an outer level asks for. After "
            "allow, deny and rates, before content is read. What no route takes is answered without it."},
    Key{.path = "auth.basic.realm",
        .scopes = kBelowTop,
        .type = kString,
        .fallback = "\"restricted\"",
        .prose = "What the browser shows when it asks for name and password (RFC 7617)."},
    Key{.path = "auth.basic.users_file",
        .scopes = kBelowTop,
        .type = kString,
        .required = true,
        .prose =
            "NAME:HASH on each line, hashes of bcrypt or sha-crypt: 'htpasswd -B', 'openssl passwd -6'. Relative to "
            "this file. Looked at again whenever a password is verified; a change that cannot be used leaves the users "
            "of before and goes to the error log. The access log has the `user`."},
    Key{.path = "auth.basic.cache",
        .scopes = kBelowTop,
        .type = kDuration,
        .min = 0,
        .max = kHour,
        .fallback = "\"1m\"",
        .prose = "How long each worker remembers that a password was right: verifying takes milliseconds of a core, on "
                 "other threads than the workers', sixteen at a time (more are answered 503, auth_busy). Who is taken "
                 "out of the file "
                 "is out after this time at the latest."},
    Key{.path = "auth.forward.to",
        .scopes = kBelowTop,
        .type = kString,
        .required = true,
        .prose =
            "Who decides: a pool or a server, as proxy.to. It gets a GET with the request's fields, X-Forwarded-Method "
            "and X-Forwarded-Uri, without content. 2xx lets the request pass; 401 and 403 go to the client with "
            "WWW-Authenticate; anything else is 502."},
    Key{.path = "auth.forward.path",
        .scopes = kBelowTop,
        .type = kString,
        .fallback = "\"/\"",
        .prose = "The path that is asked for, with a query if there is one."},
    Key{.path = "auth.forward.copy",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "Fields of that answer which the route's handler, and an upstream server, find in the request. The "
                 "client's own fields of these names are removed."},
    Key{.path = "cors",
        .scopes = kBelowTop,
        .type = kBool,
        .fallback = "false",
        .prose =
            "Which pages of other origins may read the answers: a table with origins (Fetch standard). false switches "
            "it off. Preflights are answered here, before rates and auth. It keeps no request out: that is for "
            "allow and auth."},
    Key{.path = "cors.origins",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .required = true,
        .prose = "\"https://app.example.com\", \"https://*.example.com\" for all below it, or \"*\"."},
    Key{.path = "cors.methods",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose =
            "The methods that preflights are told; none: the one that was asked for, which the route has to take."},
    Key{.path = "cors.headers",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "The request fields that scripts may set; none: those that were asked for."},
    Key{.path = "cors.expose",
        .scopes = kBelowTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[]",
        .prose = "The response fields that scripts may read, beside the usual ones."},
    Key{.path = "cors.credentials",
        .scopes = kBelowTop,
        .type = kBool,
        .fallback = "false",
        .prose = "Whether cookies and passwords go along. Not with the origin \"*\"."},
    Key{.path = "cors.max_age",
        .scopes = kBelowTop,
        .type = kDuration,
        .min = 0,
        .max = 24 * kHour,
        .prose = "How long browsers remember the answer to a preflight; five seconds where nothing is said."},
    Key{.path = "log",
        .scopes = kBelowTop,
        .type = kBool,
        .fallback = "true",
        .prose = "Whether requests go to the access log."},

    Key{.path = "log.access.to",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[\"stdout\"]",
        .prose = "Where the access log goes: \"stdout\", \"stderr\", \"file:PATH\" (reopened on SIGUSR1). [] switches "
                 "it off."},
    Key{.path = "log.access.format",
        .scopes = kAtTop,
        .type = kWord,
        .words = "json|combined",
        .fallback = "\"json\"",
        .prose = "One JSON object a line, or the combined format of Apache and nginx."},
    Key{.path = "log.error.to",
        .scopes = kAtTop,
        .type = kString,
        .shape = kOneOrList,
        .fallback = "[\"stderr\"]",
        .prose = "Where the error log goes; as log.access.to."},
    Key{.path = "log.error.level",
        .scopes = kAtTop,
        .type = kWord,
        .words = "trace|debug|info|warn|error",
        .fallback = "\"info\"",
        .prose = "The least severe messages to write."},

    Key{.path = "drain.timeout",
        .scopes = kAtTop,
        .type = kDuration,
        .min = 0,
        .max = kDay,
        .fallback = "\"30s\"",
        .prose = "How long a stopping server lets requests finish before it closes their connections."},
};

// What the key's path has below `path`; nullopt where it does not lie at or below it.
std::optional<std::string_view> rest_below(const Key& key, std::string_view path) noexcept {
  if (path.empty()) return key.path;
  if (!key.path.starts_with(path)) return std::nullopt;
  const std::string_view rest = key.path.substr(path.size());
  if (rest.empty()) return rest;
  return rest.starts_with('.') ? std::optional(rest.substr(1)) : std::nullopt;
}

}  // namespace

std::span<const Key> all_keys() noexcept { return kKeys; }

const Key* find_key(Scope scope, std::string_view path) noexcept {
  const auto found =
      std::ranges::find_if(kKeys, [&](const Key& key) { return key.scopes.contains(scope) && key.path == path; });
  return found == kKeys.end() ? nullptr : &*found;
}

bool is_key_table(Scope scope, std::string_view path) noexcept {
  return std::ranges::any_of(kKeys, [&](const Key& key) {
    const auto rest = rest_below(key, path);
    return key.scopes.contains(scope) && rest && !rest->empty();
  });
}

std::vector<std::string_view> names_below(Scope scope, std::string_view table) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    const auto rest = rest_below(key, table);
    if (!key.scopes.contains(scope) || !rest) continue;
    const std::string_view name = rest->substr(0, rest->find('.'));
    if (!name.empty() && name != "*" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> words_of(const Key& key) {
  std::vector<std::string_view> words;
  for (std::string_view rest = key.words; !rest.empty();) {
    const std::size_t bar = rest.find('|');
    words.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return words;
}

std::string format_bound(const Key& key, std::int64_t value) {
  switch (key.type) {
    case kSize: return format_size(static_cast<std::uint64_t>(value));
    case kByteRate: return format_byte_rate(static_cast<std::uint64_t>(value));
    case kDuration: return format_duration(std::chrono::milliseconds(value));
    case kRate: return format_rate(value);
    case kBool:
    case kInt:
    case kIntWord:
    case kString:
    case kWord:
    case kPreset:
    case kHost:
    case kRoutes:
    case kTables: return std::to_string(value);
  }
  return {};
}

std::string describe_range(const Key& key) {
  if (key.max == 0) return {};
  if (key.max == std::numeric_limits<std::int64_t>::max()) return fmt::format("{} or more", format_bound(key, key.min));
  return fmt::format("{} to {}", format_bound(key, key.min), format_bound(key, key.max));
}

std::string describe_type(const Key& key) {
  const auto base = [&key]() -> std::string {
    switch (key.type) {
      case kBool: return "true or false";
      case kInt: return key.words.empty() ? "integer" : fmt::format("integer or {}", fmt::join(words_of(key), ", "));
      case kString: return "string";
      case kIntWord:
      case kWord: return fmt::format("one of {}", fmt::join(words_of(key), ", "));
      case kSize: return "size";
      case kByteRate: return "size per second";
      case kDuration: return "duration";
      case kRate: return "rate";
      case kPreset:
      case kHost: return "table";
      case kRoutes:
      case kTables: return "array of tables";
    }
    return {};
  }();
  switch (key.shape) {
    case kOne: return base;
    case kOneOrList: return base + ", or a list";
  }
  return base;
}

}  // namespace flare::server::config
