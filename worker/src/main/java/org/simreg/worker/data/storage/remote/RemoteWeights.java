package org.simreg.worker.data.storage.remote;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
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
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.cache.DiskCache;

/**
 * The cache of the coordinator's weight files: copies in folders named by their SHA-256, so that a
 * copy is never of another file; several processes may share them.
 */
final class RemoteWeights {
    private static final int CALL_SECONDS = 900;
    private static final int MOST_KEPT = 16;

    private final Path folder;

    /**
     * @param folder made when the first file is stored
     */
    RemoteWeights(Path folder) {
        this.folder = folder;
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
            forgetOldest();
            return file;
        } catch (IOException | UncheckedIOException e) {
            throw new UserError(
                    "Can't keep a copy of the coordinator's %s in %s (%s); give a cache folder that is writable and has room"
                            .formatted(path, folder, e),
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

    /** Those not used for longest; a process that has one open keeps what it has. */
    private void forgetOldest() throws IOException {
        List<Path> copies = copies();
        copies.sort(Comparator.comparing(RemoteWeights::used).reversed());
        for (Path old : copies.subList(Math.min(MOST_KEPT, copies.size()), copies.size())) {
            try (Stream<Path> files = Files.list(old)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(old);
        }
    }

    private List<Path> copies() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
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
