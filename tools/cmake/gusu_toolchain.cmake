# Compiler cache, fast linker, warnings and sanitizers: everything about how we compile, in one place.

find_program(GUSU_CCACHE ccache)
if(GUSU_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${GUSU_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${GUSU_CCACHE})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${GUSU_CCACHE})
endif()

find_program(GUSU_MOLD mold)
if(GUSU_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

set(GUSU_SANITIZE "" CACHE STRING "Sanitizers to build with: address;undefined or thread")
if(GUSU_SANITIZE)
    string(REPLACE ";" "," sanitizers "${GUSU_SANITIZE}")
    add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    if("undefined" IN_LIST GUSU_SANITIZE)
        # The drivers' libraries are declared by ourselves: their pointers have other names there.
        add_compile_options(-fno-sanitize=function)
    endif()
    add_link_options(-fsanitize=${sanitizers})
endif()

# Warnings are errors in our own code; generated and library headers come in as SYSTEM.
add_library(gusu_warnings INTERFACE)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
target_compile_options(gusu_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:C,CXX>:${warnings}>"
    # What nvcc itself writes for the host compiler is neither pedantic nor free of conversions.
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Xcompiler -Wall,-Wextra -Werror all-warnings>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports fences of Asio under TSan and frees it cannot follow; both are false.
    # So are its overlaps in "literal" + std::string at -O3.
    target_compile_options(gusu_warnings INTERFACE
        "$<$<COMPILE_LANGUAGE:C,CXX>:-Wno-tsan;-Wno-mismatched-new-delete;-Wno-restrict>")
endif()
