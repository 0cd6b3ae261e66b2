"""Digitre behind a proxy: nginx with the project's own files, three replicas, PostgreSQL and Redis, all on loopback."""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digitre_site.launcher.broker import prepare_broker
from tests.support.pictures import seven_form
from tests.support.running_site import BASE_DIR, Digitre, free_port
from tests.support.waiting import wait_until

NGINX = BASE_DIR / "docker" / "nginx"
TOKEN = "only-for-tests"
REPLICAS = 3
HTTPS = {"DIGITRE_INSECURE_HTTP": "off", "NUM_PROXIES": "1", "DIGITRE_METRICS_TOKEN": TOKEN}
UNPROVEN = ssl.create_default_context()  # the certificate is one that this harness has made for itself
UNPROVEN.check_hostname, UNPROVEN.verify_mode = False, ssl.CERT_NONE
Answer = tuple[int, dict[str, Any]]


class Nginx:
    """nginx over the files that docs name, with this folder and these ports in the places of theirs."""

    def __init__(self, folder: Path, upstreams: list[int], upstream_file: str = "upstream.conf") -> None:
        self.folder, self.port, self.plain_port = folder, free_port(), free_port()
        for name in ("tls", "log", "site/static", "conf.d"):
            (folder / name).mkdir(parents=True)
        (folder / "conf.d/digitre.conf").write_text(self.moved((NGINX / "digitre.conf").read_text()))
        (folder / "conf.d/upstream.conf").write_text(self.upstream((NGINX / upstream_file).read_text(), upstreams))
        (folder / "nginx.conf").write_text(self.main_file())
        self.make_certificate()

    def moved(self, text: str) -> str:
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        text = text.replace("/etc/nginx/tls", f"{self.folder}/tls").replace("/var/log/nginx", f"{self.folder}/log")
        return text.replace("/srv/digitre", f"{self.folder}/site")

    @staticmethod
    def upstream(text: str, ports: list[int]) -> str:
        for place, port in enumerate(ports, 1):
            text = text.replace(f"127.0.0.1:800{place} ", f"127.0.0.1:{port} ")
        return re.sub(r"^ *server 127\.0\.0\.1:800\d .*\n", "", text, flags=re.MULTILINE) if ports else text

    def main_file(self) -> str:
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        account = "user root;" if os.geteuid() == 0 else ""  # pytest's folders are for their owner alone
        return (
            f"{account} daemon off; worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/log/error.log;"
            f"events {{}} http {{ include /etc/nginx/mime.types; {temporary} include {self.folder}/conf.d/*.conf; }}"
        )

    def make_certificate(self) -> None:
        tls = self.folder / "tls"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-subj", "/CN=localhost", "-days", "2", "-keyout", str(tls / "privkey.pem")]
        subprocess.run([*command, "-out", str(tls / "fullchain.pem")], check=True, capture_output=True)

    def command(self, *options: str) -> list[str]:
        binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
        return [binary, "-p", str(self.folder), "-e", str(self.folder / "log/error.log"), "-c", "nginx.conf", *options]

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(self.command())
        try:
            wait_until(lambda: (self.folder / "pid").exists() and (self.folder / "pid").read_text().strip())
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

    def served_by(self) -> set[str]:
        """The replicas that have answered, as nginx names them."""
        return set(re.findall(r"upstream=.*?(\S+) upstream_status", (self.folder / "log/access.log").read_text()))


@dataclass
class Visitor:
    """Somebody with a cookie who keeps a connection open, and asks once more when an answer is a 5xx or none."""

    port: int
    retries: bool = True
    cookie: str = ""
    troubles: list[str] = field(default_factory=list)  # of first tries
    _connection: http.client.HTTPSConnection | None = None

    def draw(self, key: str | None = None) -> Answer:
        return self.call("POST", "/api/v1/drawings/", seven_form(), key or uuid.uuid4().hex)

    def label(self, drawing: str, digit: int) -> Answer:
        return self.call("PUT", f"/api/v1/drawings/{drawing}/feedback/", {"label": digit})

    def call(self, method: str, path: str, body: object = None, key: str = "") -> Answer:
        for is_last in (False, True) if self.retries else (True,):
            try:
                status, answer = self.try_once(method, path, body, key)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                status, answer = 599, {"detail": repr(error)}
            if status < 500:
                break
            self.troubles.append(f"{method} {path} {status}")
            if is_last:
                break
        return status, answer

    def try_once(self, method: str, path: str, body: object, key: str) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=UNPROVEN)
        headers = {"Content-Type": "application/json"}
        headers |= {"Cookie": self.cookie} if self.cookie else {}
        headers |= {"Idempotency-Key": key} if key else {}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        if cookie := response.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";", 1)[0]
        raw = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(raw) if raw and is_json else {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class ProxiedSite:
    def __init__(self, folder: Path, database_url: str, redis_url: str, replicas: int, **extra: str) -> None:
        self.environment = {"REDIS_URL": redis_url} | HTTPS | extra
        self.replicas = [Digitre(folder / f"replica-{number}", database_url) for number in range(replicas)]
        self.nginx = Nginx(folder / "nginx", [replica.port for replica in self.replicas])

    def start(self) -> None:
        first, *others = self.replicas
        first.serve(**self.environment)
        for replica in others:
            replica.serve_again(**self.environment)

    def visitor(self) -> Visitor:
        return Visitor(self.nginx.port)

    def start_again(self, replica: Digitre) -> None:
        replica.serve_again(**self.environment)

    @staticmethod
    def kill(replica: Digitre) -> None:
        """As a host that loses its power: no process of it says goodbye."""
        for pid in replica.processes("gunicorn"):
            os.kill(pid, signal.SIGKILL)

    def query(self, statement: str) -> Any:
        return self.replicas[0].query(statement)


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    folder.mkdir()
    broker = prepare_broker(folder)
    process = subprocess.Popen(broker.command)
    try:
        broker.wait_until_listening()
        yield broker.url
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def proxied_site(folder: Path, database_url: str, replicas: int = REPLICAS, **extra: str) -> Iterator[ProxiedSite]:
    """Start all of it, and end all of it."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(running_redis(folder / "redis"))
        site = ProxiedSite(folder, database_url, redis_url, replicas, **extra)
        for replica in site.replicas:
            stack.callback(replica.clean_up)
        site.start()
        stack.enter_context(site.nginx.running())
        yield site
