"""Risk corridors (GPDC, ACO REACH): risk from the first dollar, less of it the further from the benchmark."""
