"""Risk corridors (GPDC, ACO REACH, LEAD): risk from the first dollar, less of it the further from the benchmark."""
