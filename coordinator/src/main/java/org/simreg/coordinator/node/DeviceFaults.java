package org.simreg.coordinator.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.base.io.Disk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The faults of one device that have ended processes, a line each in a file that outlives them: its time and what CUDA
 * said. A device that has failed twice within a day is left out.
 */
final class DeviceFaults {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceFaults.class);
    private static final int MOST = 2;
    private static final Duration COUNTED = Duration.ofDays(1);

    private final Path file;
    private final Clock clock;

    /**
     * @param folder of the files of all devices of a machine; made when it is needed
     * @param place the device on this machine: "cpu", or a GPU's slot
     */
    DeviceFaults(Path folder, String place, Clock clock) {
        file = folder.resolve(place.replaceAll("[^\\p{Alnum}.]", "-"));
        this.clock = clock;
    }

    /** Counts a fault, if the file can be written. */
    void add(String fault) {
        String line = clock.instant().truncatedTo(ChronoUnit.SECONDS) + " " + fault.replaceAll("\\v", " ") + "\n";
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            LOG.warn("{} can't be written ({}): this fault isn't counted", file, Disk.reason(e));
        }
    }

    /**
     * Why the device is left out; empty if it is to be used.
     *
     * @param device what it is called, "cuda:1"
     */
    Optional<String> objection(String device) {
        List<String> lines;
        try {
            lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            LOG.warn("{} can't be read ({}): {} is used", file, Disk.reason(e), device);
            return Optional.empty();
        }
        Instant since = clock.instant().minus(COUNTED);
        List<String> counted =
                lines.stream().filter(line -> time(line).isAfter(since)).toList();
        if (counted.size() < MOST) {
            return Optional.empty();
        }
        String last = counted.get(counted.size() - 1);
        int space = last.indexOf(' ');
        return Optional.of(
                "%s has failed %s times within a day, the last time at %s (%s), and is left out: look at nvidia-smi and dmesg, then delete %s and start this worker again"
                        .formatted(device, counted.size(), last.substring(0, space), last.substring(space + 1), file));
    }

    /** A line that nobody has written so is of no time. */
    private static Instant time(String line) {
        try {
            return Instant.parse(line.substring(0, Math.max(0, line.indexOf(' '))));
        } catch (DateTimeException e) {
            return Instant.MIN;
        }
    }
}
