package org.simreg.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The steps of a run by its ledger: loss, and where it is due the digest of the whole state. */
final class RunSteps {
    private static final Pattern COMMIT =
            Pattern.compile("\"commit\":\\{\"step\":(\\d+),.*(\"loss\":[^,]+,\"sha256\":\"\\w*\"),\"dig");

    private RunSteps() {}

    /**
     * @param run folder of a run
     * @return from 1 on, by step
     */
    static SortedMap<Integer, String> of(Path run) throws IOException {
        SortedMap<Integer, String> steps = new TreeMap<>();
        for (String line : Files.readAllLines(run.resolve("ledger.jsonl"))) {
            Matcher commit = COMMIT.matcher(line);
            if (commit.find()) {
                steps.put(Integer.valueOf(commit.group(1)), commit.group(2));
            }
        }
        return steps;
    }
}
