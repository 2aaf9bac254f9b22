package org.simreg.worker.data.storage.remote;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.proto.WeightsHeader;
import org.simreg.proto.WeightsPart;
import org.simreg.proto.WeightsRequest;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.cache.DiskCache;
import org.simreg.worker.data.cache.SampleCache;

/**
 * The cache of the coordinator's weight files: copies in folders named by their SHA-256, so that a
 * copy is never of another file; several processes may share them.
 */
final class RemoteWeights {
    private static final int CALL_SECONDS = 900;
    /** For so long a process may be loading what it got. */
    private static final Duration LOADING = Duration.ofMinutes(15);

    private final Path folder;
    private final CacheSpace space;
    private final SampleCache samples;

    /**
     * @param space its folder of weights is made when the first file is stored
     * @param samples give way to weights
     */
    RemoteWeights(CacheSpace space, SampleCache samples) {
        folder = space.weights();
        this.space = space;
        this.samples = samples;
    }

    /**
     * The copy of a file, read from the coordinator unless there is one already.
     *
     * @param path as the coordinator names it
     * @throws UserError if the coordinator doesn't give it, or it can't be stored
     */
    Path get(String path, RetriedCalls calls) {
        try {
            Path file = fetched(path, calls);
            Files.setLastModifiedTime(file.getParent(), FileTime.from(Instant.now()));
            return file;
        } catch (IOException | UncheckedIOException e) {
            IOException why = e instanceof UncheckedIOException unchecked ? unchecked.getCause() : (IOException) e;
            throw new UserError(
                    "Can't keep a copy of the coordinator's %s in %s (%s); give a cache folder that is writable and has room"
                            .formatted(path, folder, Disk.reason(why)),
                    e);
        }
    }

    private Path fetched(String path, RetriedCalls calls) throws IOException {
        Path name = Path.of(path).getFileName();
        WeightsRequest request =
                WeightsRequest.newBuilder().setPath(path).addAllHeld(held(name)).build();
        RetriedCalls.Call<WeightsPart> call =
                new RetriedCalls.Call<>("the weights " + path, CALL_SECONDS, stub -> stub.weights(request));
        return calls.call(call, () -> true, parts -> copy(request, name, parts));
    }

    /** Digests of the copies by that name; read whole, because a disk can fail. */
    private List<String> held(Path name) throws IOException {
        List<String> held = new ArrayList<>();
        for (Path copy : copies()) {
            Path file = copy.resolve(name);
            if (Files.isRegularFile(file)) {
                String sha256 = Sha256.of(file);
                if (copy.endsWith(sha256)) {
                    held.add(sha256);
                }
            }
        }
        return held;
    }

    private Path copy(WeightsRequest request, Path name, Iterator<WeightsPart> parts) throws IOException {
        WeightsHeader header = parts.hasNext() ? parts.next().getHeader() : WeightsHeader.getDefaultInstance();
        if (!header.getSha256().matches("[0-9a-f]{64}")) {
            throw new RetriedCalls.Damaged("the header has no SHA-256");
        }
        Path file = folder.resolve(header.getSha256()).resolve(name);
        boolean comes = parts.hasNext();
        if (comes || !request.getHeldList().contains(header.getSha256())) {
            store(file, header, parts);
        }
        return file;
    }

    private void store(Path file, WeightsHeader header, Iterator<WeightsPart> parts) throws IOException {
        makeRoom(header.getLength(), file);
        Files.createDirectories(file.getParent());
        Path draft = Files.createTempFile(file.getParent(), "", DiskCache.DRAFT);
        try {
            Sha256 sha = new Sha256();
            long length;
            try (OutputStream out = sha.through(Files.newOutputStream(draft))) {
                length = FileTransfer.copy(parts, WeightsPart::getData, header.getLength(), out);
            }
            if (length != header.getLength() || !sha.hex().equals(header.getSha256())) {
                throw new RetriedCalls.Damaged("the %d bytes that came are not the %d of SHA-256 %s"
                        .formatted(length, header.getLength(), header.getSha256()));
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /**
     * Deletes the weights not used for longest, but none that a process may be loading, and samples, until there is room.
     *
     * @throws UserError if the weights in use leave none
     */
    private void makeRoom(long length, Path file) throws IOException {
        List<Path> copies = copies();
        copies.sort(Comparator.comparing(RemoteWeights::used));
        long held = length;
        for (Path copy : copies) {
            held += bytes(copy);
        }
        Instant loading = Instant.now().minus(LOADING);
        for (Path copy : copies) {
            if (held > space.most() && used(copy).toInstant().isBefore(loading)) {
                held -= bytes(copy);
                forget(copy);
            }
        }
        if (held > space.most()) {
            throw new UserError(
                    "The weights %s have %,d bytes, and with others in use %,d, more than the cache %s may hold, %,d; give it more room by --cache-size"
                            .formatted(file.getFileName(), length, held, space.folder(), space.most()));
        }
        samples.makeRoom(length);
    }

    private static long bytes(Path copy) throws IOException {
        long sum = 0;
        try (Stream<Path> files = Files.list(copy)) {
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    private static void forget(Path copy) throws IOException {
        try (Stream<Path> files = Files.list(copy)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(copy);
    }

    private List<Path> copies() throws IOException {
        if (!Files.isDirectory(folder)) {
            return new ArrayList<>();
        }
        try (Stream<Path> folders = Files.list(folder)) {
            return new ArrayList<>(folders.filter(Files::isDirectory).toList());
        }
    }

    private static FileTime used(Path folder) {
        try {
            return Files.getLastModifiedTime(folder);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }
}
