"""Builds against an installed libgateway, found by pkg-config; pyproject.toml has the rest."""

from setuptools import setup

# The module uses the stable ABI of CPython alone: one wheel for all versions.
setup(cffi_modules=["gateway_build.py:installed"], options={"bdist_wheel": {"py_limited_api": "cp310"}})
