// stats.json of a small run, for tests: 4 x 2 nodes in two dies, one of them disabled, three of the
// program.
#pragma once

namespace dojo::report {

inline constexpr const char* kSimStats = R"json({
"kind": "dojo_sim_stats", "version": 1, "dojo_version": "0.1.0",
"program": "two <rings>", "machine": "small", "level": "burst", "values": false, "done": true,
"cycles": 1000, "seconds": 5e-7, "clock_hz": 2000000000, "nodes": 3,
"flops": 768000, "flops_per_second": 1.536e12, "peak_flops_per_second": 3.072e12,
"sram_peak_bytes": 524288, "sram_bytes": 1310720,
"published_numbers": 4, "derived_numbers": 2, "assumed_numbers": 1,
"burst_error": {"programs": 9, "within_five_percent": 7, "least": -0.282, "most": 0.005},
"events": 77,
"thread_cycles": {"matrix": 1500, "semaphore": 900, "list engine": 100},
"matrix_unit_cycles": 1500, "vector_unit_cycles": 0,
"instructions": [{"kind": "matrix_multiply", "number": 12, "cycles": 1500, "work": 384000}],
"links_used": 2,
"links": [{"link": "the node (0, 0), east", "bytes": 6400, "busy_cycles": 500, "stalled_cycles": 40},
          {"link": "the node (2, 1), north", "bytes": 640, "busy_cycles": 100, "stalled_cycles": 0}],
"waiting": [],
"states": [{"name": "matrix", "meaning": "multiplying matrices", "waiting": false},
           {"name": "semaphore", "meaning": "waiting for a semaphore", "waiting": true},
           {"name": "list_engine", "meaning": "waiting for room", "waiting": true}],
"limits_of_a_node": {"flops_per_second": 1.024e12, "sram_bytes_per_second": 4e11,
                     "link_bytes_per_second": 5.12e11},
"mesh": {"columns": 4, "rows": 2, "block_columns": 1, "block_rows": 1,
         "parts": [{"level": "die", "columns": 2, "rows": 2}]},
"disabled": {"x": [3], "y": [0], "nodes": [1]},
"nodes_at": {"x": [0, 1, 2], "y": [0, 0, 1], "nodes": [1, 1, 1],
  "matrix_unit_cycles": [750, 500, 250], "vector_unit_cycles": [0, 0, 0],
  "end_cycle": [1000, 900, 800], "products": [192000, 128000, 64000],
  "sram_bytes": [64000, 64000, 32000], "sram_peak_bytes": [524288, 262144, 1024],
  "sent_bytes": [6400, 0, 640], "received_bytes": [0, 6400, 0],
  "thread_cycles": {"matrix": [750, 500, 250], "semaphore": [150, 350, 400],
                    "list_engine": [100, 0, 0]}},
"links_at": {"x": [0, 2], "y": [0, 1], "side": ["east", "north"], "links": [1, 1],
  "bytes": [6400, 640], "busy_cycles": [500, 100], "stalled_cycles": [40, 0]},
"link_sums": [],
"timeline": {"bin_cycles": 512, "bins": 2,
  "thread_cycles": {"matrix": [1000, 500], "semaphore": [500, 400], "list_engine": [36, 64]},
  "link_busy_cycles": [400, 200],
  "classes": [{"name": "left", "nodes": 1,
               "thread_cycles": {"matrix": [500, 250], "semaphore": [0, 150], "list_engine": [12, 88]}},
              {"name": "right", "nodes": 2,
               "thread_cycles": {"matrix": [500, 250], "semaphore": [500, 250], "list_engine": [0, 0]}}],
  "nodes": [{"x": 0, "y": 0, "class": "left", "threads": [{"thread": 2,
    "thread_cycles": {"matrix": [500, 250], "semaphore": [0, 150], "list_engine": [12, 88]}}]}]},
"bounds": [{"what": "the matrix unit of a node", "where": "node (0, 0) of the program", "cycles": 750},
           {"what": "bytes over a link", "where": "the node (0, 0), east", "cycles": 500}],
"formula_bound": {"name": "gemm_summa", "compute": 750, "sram": 300, "links": 0, "latency": 800},
"critical_path": [{"reason": "matmul", "cycles": 700, "where": "line 12"},
                  {"reason": "transfer", "cycles": 300, "where": "line 14"}],
"assumed": [{"name": "node/list/latency", "value": "10 cycles", "meaning": "of the list engine",
             "why": "a guess"}]
})json";

}  // namespace dojo::report
