# gusu_library(NAME SOURCES a.cc ... LINK other ...): a static library of one layer.
function(gusu_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PRIVATE_LINK")
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE gusu_warnings ${arg_PRIVATE_LINK})
endfunction()

# gusu_program(NAME SOURCES main.cc ... LINK ...): a program in build/<preset>/bin.
function(gusu_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE gusu_warnings ${arg_LINK})
endfunction()

# gusu_test(NAME GROUP unit SOURCES ... LINK ...): a GoogleTest program; `./tests/run GROUP` runs its group. With
# RUN_BY program, that program runs it.
function(gusu_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "GROUP;RUN_BY" "SOURCES;LINK")
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_definitions(${name} PRIVATE GUSU_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE gusu_warnings ${arg_LINK} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${arg_RUN_BY} $<TARGET_FILE:${name}>)
    set_tests_properties(${name} PROPERTIES LABELS ${arg_GROUP})
endfunction()
