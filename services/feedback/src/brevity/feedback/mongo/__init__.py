"""The store on MongoDB, through PyMongo's own asynchronous client."""

from brevity.feedback.mongo.repository import MongoRepository

__all__ = ["MongoRepository"]
