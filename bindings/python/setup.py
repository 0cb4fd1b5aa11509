"""Builds against an installed libgateway, found by pkg-config; pyproject.toml has the rest."""

from setuptools import setup

setup(cffi_modules=["gateway_build.py:installed"])
