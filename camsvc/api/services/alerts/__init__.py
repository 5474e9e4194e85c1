"""Saved searches and their alerts: raised by one server of all, shown on pages, sent by webhook and MQTT."""
