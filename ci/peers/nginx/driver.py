#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx as a third party's media server: makes a certificate for localhost, serves a folder over
HTTPS on a free port and speaks the driver protocol (harness/sut/DRIVER.md). What is uploaded becomes a
file of that folder under a name that nobody guesses."""
import atexit, json, os, secrets, shutil, socket, subprocess, sys, tempfile, time

METHOD_NOT_FOUND, INVALID_PARAMS = -32601, -32602
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
CONFIGURATION = """
daemon off; user root; worker_processes 1; pid {dir}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type application/octet-stream; server_tokens off;
  client_body_temp_path {dir}/bodies; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
    location /media/ {{ root {dir}/served; }}
    location / {{ return 404; }}
  }}
}}
"""


def certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", *CURVE, "-days", "30", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Parley test CA",
            "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *CURVE, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    with open(f"{folder}/server.ext", "w") as file:
        file.write("subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n"
                   "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-sha256", "-days", "30",
            "-set_serial", str(secrets.randbits(63)), "-extfile", "server.ext", "-out", "server.pem")


def serve(folder):
    """Starts nginx and returns its port once it accepts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(CONFIGURATION.format(dir=folder, port=port))
    server = subprocess.Popen(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf"], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    atexit.register(server.wait)
    atexit.register(server.terminate)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return port
        except ConnectionRefusedError:
            time.sleep(0.01)
    sys.exit("nginx ended")


class Refused(Exception):
    pass


class Driver:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(f"{folder}/served/media")
        certificates(folder)
        self.host = f"https://localhost:{serve(folder)}"

    def describe(self, _):
        return {"name": "nginx", "version": "1.22", "party": "third-party.server",
                "features": ["media-hosting", "media-ranges", "media-large"],
                "endpoints": {"media": self.host, "ca": f"{self.folder}/ca.pem"}}

    def gatekeeper(self, _):
        return {}

    def enlist(self, _):
        return {}

    def reset(self, _):
        return {}

    def upload(self, params):
        name = secrets.token_hex(16)
        try:
            octets = bytes.fromhex(params["file"])
        except (KeyError, ValueError) as error:
            raise Refused("upload takes a file, octets in hex") from error
        with open(f"{self.folder}/served/media/{name}", "wb") as file:
            for _ in range(params.get("times", 1)):
                file.write(octets)
        return {"url": f"{self.host}/media/{name}"}


def main():
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    driver = Driver(folder)
    methods = {name: getattr(driver, name) for name in ("describe", "gatekeeper", "enlist", "reset", "upload")}
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"jsonrpc": "2.0", "id": request.get("id")}
        try:
            if request["method"] not in methods:
                answer["error"] = {"code": METHOD_NOT_FOUND, "message": "no such method"}
            else:
                answer["result"] = methods[request["method"]](request.get("params", {}))
        except Refused as refused:
            answer["error"] = {"code": INVALID_PARAMS, "message": str(refused)}
        print(json.dumps(answer), flush=True)


main()
