"""A broker as the Kubernetes manifests have it: TLS with a certificate for each user, and rights by their KafkaUsers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AclBinding,  # pyright: ignore[reportPrivateImportUsage]
    AclOperation,  # pyright: ignore[reportPrivateImportUsage]
    AclPermissionType,  # pyright: ignore[reportPrivateImportUsage]
    AdminClient,
    ResourcePatternType,  # pyright: ignore[reportPrivateImportUsage]
    ResourceType,  # pyright: ignore[reportPrivateImportUsage]
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from deploy.local.java import free_port
from deploy.local.servers import KafkaServer

_TYPES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
_OPERATIONS = {
    "Describe": AclOperation.DESCRIBE,
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
}


class Certificates:
    """An authority in `folder` and certificates from it, laid out as Strimzi's secrets are mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("test authority")
        authority = _certificate(self._name, self._name, self._key.public_key(), self._key, authority=True)
        self.authority = self._write("ca", "ca.crt", authority)

    def user(self, name: str) -> Path:
        """The folder with `user.crt` and `user.key`."""
        key, certificate = self._issue(name)
        self._write(name, "user.crt", certificate)
        self._write(name, "user.key", key)
        return self.folder / name

    def server(self) -> Path:
        """Key and certificate of a broker on 127.0.0.1, in one file."""
        key, certificate = self._issue("broker")
        return self._write("broker", "broker.pem", key + certificate)

    def _issue(self, name: str) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return plain, _certificate(_name(name), self._name, key.public_key(), self._key)

    def _write(self, folder: str, name: str, data: bytes) -> Path:
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


class SecuredKafka(KafkaServer):
    """Beside the plain listener, one as in the cluster. Who comes without a certificate is the administrator."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        super().__init__(free_port(), folder)
        self.secured_port = free_port()
        self._certificates = certificates

    def prepare(self) -> None:
        super().prepare()
        with (self.folder / "server.properties").open("a") as file:
            file.writelines(f"\n{key}={value}" for key, value in self._settings().items())

    def _settings(self) -> dict[str, str]:
        return {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},SSL://127.0.0.1:{self.secured_port},"
            f"CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},SSL://127.0.0.1:{self.secured_port}",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT",
            "ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._certificates.server()),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._certificates.authority),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": "User:ANONYMOUS",
        }

    def allow(self, users: Iterable[dict[str, Any]]) -> None:
        """Give the rights that KafkaUser objects describe, as Strimzi's user operator does."""
        bindings = [
            AclBinding(
                _TYPES[acl["resource"]["type"]],
                acl["resource"]["name"],
                _PATTERNS[acl["resource"]["patternType"]],
                f"User:CN={user['metadata']['name']}",
                "*",
                _OPERATIONS[operation],
                AclPermissionType.ALLOW,
            )
            for user in users
            for acl in user["spec"]["authorization"]["acls"]
            for operation in acl["operations"]
        ]
        admin = AdminClient({"bootstrap.servers": self.address})
        for future in admin.create_acls(bindings).values():
            future.result(30)

    def variables(self, user: Path, config: str) -> dict[str, str]:
        """`config` is the manifests' BREVITY_KAFKA_CLIENT_CONFIG; its mounts lead to the folder of `user`."""
        mounted = {"/etc/kafka/ca": self._certificates.authority.parent, "/etc/kafka/user": user}
        settings: dict[str, str] = json.loads(config)
        for mount, folder in mounted.items():
            settings = {key: value.replace(mount, str(folder)) for key, value in settings.items()}
        return {
            "BREVITY_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.secured_port}",
            "BREVITY_KAFKA_CLIENT_CONFIG": json.dumps(settings),
        }


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
) -> bytes:
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)
