package org.simreg.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The logs of a cluster's processes, searched for signs of bad health. */
final class Logs {
    private static final Pattern DELAYS = Pattern.compile("LoopProbe: Delays by milliseconds: (.*)");
    private static final Pattern SUSPECTED = Pattern.compile("Member \\S+ - (\\S+) is suspected to be dead");

    private final String text;

    /**
     * @param folder with a log a process
     */
    Logs(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            StringBuilder all = new StringBuilder();
            for (Path log :
                    files.filter(file -> file.toString().endsWith(".log")).toList()) {
                all.append(Files.readString(log));
            }
            text = all.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Members that Hazelcast took for dead. */
    int lost() {
        Set<String> members =
                SUSPECTED.matcher(text).results().map(found -> found.group(1)).collect(Collectors.toSet());
        return members.size();
    }

    /** Delays of all event loops: how often each was seen, by milliseconds. */
    SortedMap<Integer, Long> delays() {
        SortedMap<Integer, Long> delays = new TreeMap<>();
        DELAYS.matcher(text)
                .results()
                .flatMap(Logs::counts)
                .forEach(count -> delays.merge(count[0], (long) count[1], Long::sum));
        return delays;
    }

    private static Stream<int[]> counts(MatchResult line) {
        return Arrays.stream(line.group(1).split(" "))
                .filter(count -> count.matches("\\d+=\\d+"))
                .map(count -> count.split("="))
                .map(count -> new int[] {Integer.parseInt(count[0]), Integer.parseInt(count[1])});
    }

    /** The least delay that a part of all, 0 to 1, doesn't exceed; -1 without any. */
    static int quantile(SortedMap<Integer, Long> delays, double part) {
        long all = delays.values().stream().mapToLong(count -> count).sum();
        long seen = 0;
        for (var delay : delays.entrySet()) {
            seen += delay.getValue();
            if (seen >= part * all) {
                return delay.getKey();
            }
        }
        return -1;
    }
}
