"""Certificates and TLS clients for the tests: what OpenSSL's command makes, what Python's ssl module and s_client speak."""

import re
import socket
import ssl
import subprocess
import warnings

from wire import PATIENCE, Connection

warnings.filterwarnings("ignore", category=DeprecationWarning)  # old versions of TLS are asked for on purpose


def openssl(*arguments, **options):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=PATIENCE, **options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Issuer:
    """Makes certificates in a folder: NAME.crt and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def make(self, name, sans="", key="P-256", days=60, signer=None, extra=()):
        crt, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        how = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{key}"] if key.startswith("P-") else ["-newkey", f"rsa:{key}"]
        signed = ["-CA", self.folder / f"{signer}.crt", "-CAkey", self.folder / f"{signer}.key"] if signer else []
        if signed:
            request = self.folder / f"{name}.csr"
            openssl("req", "-new", *how, "-nodes", "-keyout", secret, "-out", request, "-subj", f"/CN={name}/O=Example")
            names = self.folder / f"{name}.ext"
            names.write_text(f"subjectAltName={sans}\n" if sans else "basicConstraints=CA:FALSE\n")
            openssl("x509", "-req", "-in", request, *signed, "-days", days, "-extfile", names, "-out", crt)
        else:
            names = ["-addext", f"subjectAltName={sans}"] if sans else []
            openssl("req", "-x509", *how, "-nodes", "-keyout", secret, "-out", crt, "-days", days, "-subj", f"/CN={name}/O=Example",
                    *names, *extra)
        secret.chmod(0o600)
        return self

    def __getitem__(self, name):
        return self.folder / name

    def toml(self, name, more=""):
        return f'[[tls.cert]]\nchain = "{self.folder}/{name}.crt"\nkey = "{self.folder}/{name}.key"\n{more}\n'


def context(trusted=None, versions=None, client=None, alpn=None, ciphers=None):
    """A client's; without `trusted` it believes everybody."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if trusted:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(trusted)
    if versions:
        made.minimum_version, made.maximum_version = versions
    if client:
        made.load_cert_chain(f"{client}.crt", f"{client}.key")
    if alpn:
        made.set_alpn_protocols(alpn)
    if ciphers:
        made.set_ciphers(ciphers)
    return made


class SecureConnection(Connection):
    """A Connection over TLS. `name` is the server name that is asked for; None asks for none."""

    def __init__(self, where, name="main.test", how=None, session=None):
        super().__init__(where)
        self.socket = (how or context()).wrap_socket(self.socket, server_hostname=name, session=session,
                                                     suppress_ragged_eofs=False)

    def get(self, target="/", host=None, fields=""):
        return self.send(f"GET {target} HTTP/1.1\r\nHost: {host or self.socket.server_hostname}\r\n{fields}\r\n").answer()

    def subject(self):
        """The common name of the server's certificate."""
        text = openssl("x509", "-noout", "-subject", input=ssl.DER_cert_to_PEM_cert(self.socket.getpeercert(True)).encode())
        return re.search(r"CN = ([^,\n]*)", text.decode())[1]


def subject_for(where, name, how=None):
    with SecureConnection(where, name, how) as connection:
        return connection.subject()


def alert_of(where, name="main.test", how=None):
    """The alert that ends a handshake, in OpenSSL's words."""
    try:
        with SecureConnection(where, name, how) as connection:
            connection.get()  # with TLS 1.3 a client certificate is judged after the client has finished
    except ssl.SSLError as error:
        return error.reason or str(error)
    raise AssertionError("the handshake succeeded")


def raw_hello(name="main.test"):
    """The bytes of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def closes(connection):
    """Whatever the server still says, it ends the connection."""
    try:
        while connection.socket.recv(65536):
            pass
    except (ConnectionResetError, socket.timeout) as error:
        assert not isinstance(error, socket.timeout), "the server does not close"
