"""Alerts to an MQTT broker (MQTT 3.1.1, quality of service 1), as CloudEvents in structured mode."""

from __future__ import annotations

import socket
import threading
from uuid import UUID

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from camsvc.api.services.alerts.sending import SendingError
from camsvc.config import MqttSettings

CONNECT_S = 5.0
PUBLISH_S = 10.0
"""Until the broker has said that it has it."""
KEEPALIVE_S = 30


class Broker:
    """One connection, made with the first message and again after it broke. Any thread may send."""

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._lock = threading.Lock()

    def send(self, search: UUID, body: bytes) -> None:
        """Returns once the broker has it. Topic: the setting's, and the search's id. Raises SendingError."""
        try:
            client = self._connected()
            sending = client.publish(f"{self._settings.topic}/{search}", body, qos=1)
            if sending.rc != MQTT_ERR_SUCCESS:
                raise SendingError("the MQTT broker is not connected")
            sending.wait_for_publish(PUBLISH_S)
            arrived = sending.is_published()
        except (OSError, ValueError, RuntimeError) as error:
            self.close()
            raise SendingError(f"the MQTT broker takes nothing: {type(error).__name__}") from error
        if not arrived:
            self.close()
            raise SendingError(f"the MQTT broker did not say within {PUBLISH_S:g} s that it has it")

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None or not self._client.is_connected():
                self._client = self._connect(self._client)
            return self._client

    def _connect(self, old: Client | None) -> Client:
        if old is not None:
            old.disconnect()
            old.loop_stop()
        wanted = self._settings
        connected = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"camsvc-{socket.gethostname()}"[:23], protocol=MQTTv311)
        if wanted.username:
            client.username_pw_set(wanted.username, wanted.password.get_secret_value() if wanted.password else None)
        if wanted.tls:
            client.tls_set(ca_certs=str(wanted.ca_file) if wanted.ca_file else None)
        reasons: list[str] = []

        def on_connect(_: object, __: object, ___: object, reason: object, ____: object) -> None:
            reasons.append(str(reason))
            connected.set()

        client.on_connect = on_connect
        client.connect_timeout = CONNECT_S
        client.connect(wanted.host, wanted.port, keepalive=KEEPALIVE_S)
        client.loop_start()
        if not connected.wait(CONNECT_S) or not client.is_connected():
            client.disconnect()
            client.loop_stop()
            raise SendingError(f"the MQTT broker lets nobody in: {reasons[-1] if reasons else 'no answer'}")
        return client
