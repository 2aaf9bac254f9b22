package org.simreg.coordinator.search;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.coordinator.store.Disk;
import org.simreg.proto.BankRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.AtomicFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The banks in the coordinator's home, a folder each: {@code bank.pb} with the record, {@code
 * names.bin}, {@code shard-N.bank}.
 */
final class BankFolders {
    private static final Logger LOG = LoggerFactory.getLogger(BankFolders.class);
    private static final String RECORD = "bank.pb";

    private final Path home;

    /**
     * @param home folder of the banks' folders; made when the first is saved
     */
    BankFolders(Path home) {
        this.home = home.toAbsolutePath();
    }

    /** All records; a folder without one is what a crash left of a bank, and is deleted. */
    List<BankRecord> load() {
        if (!Files.isDirectory(home)) {
            return List.of();
        }
        List<BankRecord> records = new ArrayList<>();
        for (Path folder : folders()) {
            Path file = folder.resolve(RECORD);
            if (Files.exists(file)) {
                records.add(read(file));
            } else {
                LOG.warn("{} holds no bank's record and is deleted", folder);
                delete(folder.getFileName().toString());
            }
        }
        return records;
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

    /** Deletes a bank's folder; first its record, so that a half-deleted bank is none. */
    void delete(String name) {
        Path folder = folder(name);
        Disk.write(
                folder,
                () -> {
                    Files.deleteIfExists(folder.resolve(RECORD));
                    try (Stream<Path> all = Files.walk(folder)) {
                        all.sorted(Comparator.reverseOrder()).forEach(BankFolders::deleteOne);
                    } catch (UncheckedIOException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void deleteOne(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
