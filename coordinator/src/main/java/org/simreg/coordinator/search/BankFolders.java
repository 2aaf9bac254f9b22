package org.simreg.coordinator.search;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.proto.BankRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.AtomicFile;
import org.simreg.worker.io.Disk;

/**
 * The banks in the coordinator's home, a folder each: {@code bank.pb} with the record, {@code
 * names.bin}, {@code shard-N.bank}.
 */
final class BankFolders {
    private static final String RECORD = "bank.pb";

    private final Path home;

    /**
     * @param home folder of the banks' folders; made when the first is saved
     */
    BankFolders(Path home) {
        this.home = home.toAbsolutePath();
    }

    /** All records; folders without one are somebody else's, or the rest of a deleted bank. */
    List<BankRecord> load() {
        if (!Files.isDirectory(home)) {
            return List.of();
        }
        return folders().stream()
                .map(folder -> folder.resolve(RECORD))
                .filter(Files::exists)
                .map(BankFolders::read)
                .toList();
    }

    private List<Path> folders() {
        return Disk.read(
                home,
                () -> {
                    try (Stream<Path> all = Files.list(home)) {
                        return all.filter(Files::isDirectory).sorted().toList();
                    }
                });
    }

    private static BankRecord read(Path file) {
        return Disk.read(
                file,
                () -> {
                    try {
                        return BankRecord.parseFrom(Files.readAllBytes(file));
                    } catch (InvalidProtocolBufferException e) {
                        throw new UserError(
                                "%s is damaged; delete its folder and make the bank again"
                                        .formatted(file),
                                e);
                    }
                });
    }

    /** Keeps a record, whole or not at all. */
    void save(BankRecord record) {
        ByteBuffer bytes = ByteBuffer.wrap(record.toByteArray());
        AtomicFile.write(
                folder(record.getName()).resolve(RECORD),
                out -> {
                    while (bytes.hasRemaining()) {
                        out.write(bytes);
                    }
                });
    }

    /** Deletes a bank's files, first its record, so that a half-deleted bank is none. */
    void delete(String name) {
        Path folder = folder(name);
        if (!Files.isDirectory(folder)) {
            return;
        }
        Disk.write(
                folder,
                () -> {
                    Files.deleteIfExists(folder.resolve(RECORD));
                    List<Path> own;
                    try (Stream<Path> all = Files.list(folder)) {
                        own = all.filter(BankFolders::isOurs).toList();
                    }
                    for (Path file : own) {
                        Files.deleteIfExists(file);
                    }
                    try (Stream<Path> rest = Files.list(folder)) {
                        if (rest.findAny().isEmpty()) {
                            Files.delete(folder);
                        }
                    }
                });
    }

    private static boolean isOurs(Path file) {
        return file.getFileName()
                .toString()
                .matches("names\\.bin|shard-\\d+\\.bank|draft-.*|\\..*\\.tmp");
    }

    Path folder(String name) {
        return home.resolve(name);
    }

    Path names(String name) {
        return folder(name).resolve("names.bin");
    }

    Path shard(String name, int shard) {
        return folder(name).resolve("shard-%d.bank".formatted(shard));
    }
}
