"""The Grafana dashboards, written by code so that every panel has a title, a description, a unit and a place."""
