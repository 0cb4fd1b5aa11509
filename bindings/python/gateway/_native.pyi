# The module that gateway_build.py makes of the C headers; the compiler has checked it, so nothing is said twice here.
from typing import Any

ffi: Any
lib: Any
