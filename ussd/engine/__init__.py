"""Conversations as plain functions: prompts, replay, paging. Pure: no database, no Flask, no village."""
