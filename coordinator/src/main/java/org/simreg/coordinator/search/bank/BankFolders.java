package org.simreg.coordinator.search.bank;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Refused;
import org.simreg.proto.ShardFile;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folders of all banks in the coordinator's home, one a bank: {@code bank.pb} with the record,
 * {@code names.bin} with the names of the rows, {@code shard-N.bank}.
 */
final class BankFolders {
    private static final Logger LOG = LoggerFactory.getLogger(BankFolders.class);
    static final String RECORD = "bank.pb";
    private static final int LONGEST = 1 << 28;

    private final Path home;

    /**
     * @param home folder of the banks' folders; made when the first is saved
     */
    BankFolders(Path home) {
        this.home = home.toAbsolutePath();
    }

    /**
     * The records of all banks; a folder without one is no bank's, or the rest of a deleted one. For a damaged one
     * stands a failed bank of the folder's name.
     */
    List<BankRecord> load() {
        if (!Files.isDirectory(home)) {
            return List.of();
        }
        return folders().stream()
                .filter(folder -> Files.exists(folder.resolve(RECORD)))
                .map(BankFolders::read)
                .toList();
    }

    private List<Path> folders() {
        return Disk.read(home, () -> {
            try (Stream<Path> all = Files.list(home)) {
                return all.filter(Files::isDirectory).sorted().toList();
            }
        });
    }

    /** The record of a folder, or one of a failed bank where it is damaged. */
    static BankRecord read(Path folder) {
        Path file = folder.resolve(RECORD);
        String name = folder.getFileName().toString();
        try {
            byte[] bytes = UserFile.bytes(file, LONGEST);
            BankRecord record = BankRecord.parseFrom(bytes);
            return record.getName().equals(name)
                    ? record
                    : damaged(
                            name,
                            file,
                            bytes.length == 0 ? "it is empty" : "it names the bank '%s'".formatted(record.getName()));
        } catch (InvalidProtocolBufferException e) {
            return damaged(name, file, "it is no record, or a part of one");
        } catch (IOException e) {
            return damaged(name, file, Disk.reason(e));
        }
    }

    private static BankRecord damaged(String name, Path file, String why) {
        String reason = "its record %s can't be read: %s; delete the bank and make it again"
                .formatted(file, Disk.printable(why));
        LOG.warn("The bank {} is set aside: {}", name, reason);
        return BankRecord.newBuilder()
                .setName(name)
                .setVersion(UUID.randomUUID().toString())
                .setState(BankStatus.State.FAILED)
                .setReason(reason)
                .build();
    }

    /** Writes a record, whole or not at all. */
    void save(BankRecord record) {
        ByteBuffer bytes = ByteBuffer.wrap(record.toByteArray());
        AtomicFile.write(folder(record.getName()).resolve(RECORD), out -> {
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
        Disk.write(folder, () -> {
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
        return file.getFileName().toString().matches("names\\.(bin|index)|shard-\\d+\\.bank|draft-.*|\\..*\\.tmp");
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

    /**
     * The file of a shard that is stored.
     *
     * @throws Refused if the bank has no such shard, or not of that version
     */
    Path stored(BankRecord record, ShardFile asked) {
        boolean there = record.getVersion().equals(asked.getVersion())
                && asked.getShard() < record.getPartsCount()
                && record.getParts(asked.getShard()).getSha256().equals(asked.getSha256());
        if (!there) {
            throw new Refused(
                    Refused.Kind.UNKNOWN,
                    "Shard %d of the bank %s is not of that version any more"
                            .formatted(asked.getShard(), asked.getBank()));
        }
        return shard(asked.getBank(), asked.getShard());
    }

    /**
     * A new file for a shard that a worker sends.
     *
     * @throws Refused if the bank doesn't wait for that shard
     */
    Path draft(BankRecord record, ShardFile sent) {
        requireWanted(record, sent);
        return folder(sent.getBank()).resolve("draft-" + UUID.randomUUID());
    }

    private static void requireWanted(BankRecord record, ShardFile sent) {
        boolean wanted = record.getVersion().equals(sent.getVersion())
                && record.getState() == BankStatus.State.CREATING
                && sent.getShard() < record.getPartsCount()
                && record.getParts(sent.getShard()).getSha256().isEmpty()
                && sent.getRows() > 0
                && sent.getRows() <= record.getParts(sent.getShard()).getRows();
        if (!wanted) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "Shard %d of the bank %s is not wanted any more".formatted(sent.getShard(), sent.getBank()));
        }
    }

    /**
     * Moves a draft that was written and checked to its shard's place.
     *
     * @return the shard, with its path
     * @throws Refused if the bank doesn't wait for that shard any more
     */
    ShardFile store(BankRecord record, ShardFile sent, Path draft) {
        requireWanted(record, sent);
        Path file = shard(sent.getBank(), sent.getShard());
        Disk.write(file, () -> {
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceFolder(file.getParent());
        });
        return sent.toBuilder().setPath(file.toString()).build();
    }
}
