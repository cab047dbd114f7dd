# Language, warnings, sanitizers: the same for everything in the tree.
option(FLARE_TESTS "Build tests and examples" ON)
option(FLARE_REPLAY "Build the replays of the fuzz inputs (with the tests)" ${FLARE_TESTS})
option(FLARE_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(FLARE_BENCH "Build the benchmarks" OFF)
set(FLARE_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined | thread")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Debian's Python, the one that python3-pytest belongs to, whatever else is on the PATH.
set(Python3_EXECUTABLE /usr/bin/python3)

find_program(FLARE_CCACHE ccache)
if(FLARE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FLARE_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wswitch -Wno-missing-field-initializers)
add_compile_options(-march=x86-64-v2 -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the frame of a coroutine template for a type of the header, gtest's macros for a dangling else, a
  # generic lambda's parameter for a shadow of gtest's own, and what a variant does not hold for uninitialized.
  add_compile_options(-Wno-subobject-linkage -Wno-dangling-else -Wno-shadow -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-missing-designated-field-initializers)
  add_link_options(-fuse-ld=lld)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-flto=thin)
    add_link_options(-flto=thin)
    # The archiver of LLVM 19 is a package of its own, and neither GNU ar nor an older llvm-ar can read this bitcode to index it.
    # lld needs no index: it reads the members themselves.
    set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcS <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_CXX_ARCHIVE_FINISH "")
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O3")  # without NDEBUG: a violated invariant must stop the process
else()
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(FLARE_SANITIZE)
  add_compile_options(-fsanitize=${FLARE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FLARE_SANITIZE})
endif()
if(FLARE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
