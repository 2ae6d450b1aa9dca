"""The operator's librdkafka settings as aiokafka understands them. What has no counterpart is refused, not ignored."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from brevity.common.errors import Fatal

_MECHANISMS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
_KNOWN = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
    "enable.ssl.certificate.verification",
)


def security_of(config: Mapping[str, str]) -> BaseSecurity | None:
    """How to reach brokers that ask for TLS or a password; None for a plain connection.

    Raises:
        Fatal: A setting or value that aiokafka has nothing for; the message names it, never a secret.
    """
    unknown = sorted(set(config) - set(_KNOWN))
    if unknown:
        raise _refused(f"this service cannot apply {', '.join(unknown)}", f"It knows {', '.join(_KNOWN)}.")
    protocol = config.get("security.protocol", "PLAINTEXT").upper()
    if protocol not in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"):
        raise _refused(f"there is no security.protocol {protocol!r}", "Use SSL, SASL_PLAINTEXT or SASL_SSL.")
    context = _context(config) if protocol.endswith("SSL") else None
    if not protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=True) if context else None
    mechanism = config.get("sasl.mechanism", config.get("sasl.mechanisms", "PLAIN")).upper()
    if mechanism not in _MECHANISMS:
        raise _refused(f"this service has no sasl.mechanism {mechanism!r}", f"Use {', '.join(_MECHANISMS)}.")
    if "sasl.username" not in config or "sasl.password" not in config:
        raise _refused("sasl.username or sasl.password is missing", "Set both.")
    return _MECHANISMS[mechanism](
        username=config["sasl.username"],
        password=config["sasl.password"],
        ssl_context=context,
        use_ssl=context is not None,
    )


def _context(config: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.get("ssl.ca.location"))
        if "ssl.certificate.location" in config:
            context.load_cert_chain(
                config["ssl.certificate.location"],
                config.get("ssl.key.location"),
                config.get("ssl.key.password"),
            )
    except (OSError, ssl.SSLError) as error:
        raise _refused(
            f"a certificate or key cannot be read: {type(error).__name__}", "Check the ssl.*.location paths."
        ) from None
    if config.get("ssl.endpoint.identification.algorithm", "https").lower() == "none":
        context.check_hostname = False
    if config.get("enable.ssl.certificate.verification", "true").lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refused(message: str, remedy: str) -> Fatal:
    return Fatal(
        f"BREVITY_KAFKA_CLIENT_CONFIG: {message}", code="kafka_setting", remedy=f"{remedy} Then start again."
    )
