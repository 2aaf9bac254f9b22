package org.simreg.coordinator.search;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import org.simreg.coordinator.store.Disk;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Refused;
import org.simreg.proto.ShardFile;

/** Files of shards on their way from and to workers. */
record StoredShards(BankFolders folders) {
    Path shard(BankRecord record, ShardFile asked) {
        boolean there =
                record.getVersion().equals(asked.getVersion())
                        && asked.getShard() < record.getPartsCount()
                        && record.getParts(asked.getShard()).getSha256().equals(asked.getSha256());
        if (!there) {
            throw new Refused(
                    Refused.Kind.UNKNOWN,
                    "Shard %d of the bank %s is not of that version any more"
                            .formatted(asked.getShard(), asked.getBank()));
        }
        return folders.shard(asked.getBank(), asked.getShard());
    }

    Path draft(BankRecord record, ShardFile sent) {
        boolean wanted =
                record.getVersion().equals(sent.getVersion())
                        && record.getState() == BankStatus.State.CREATING
                        && sent.getShard() < record.getPartsCount()
                        && record.getParts(sent.getShard()).getSha256().isEmpty()
                        && record.getParts(sent.getShard()).getRows() == sent.getRows();
        if (!wanted) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "Shard %d of the bank %s is not wanted any more"
                            .formatted(sent.getShard(), sent.getBank()));
        }
        return folders.folder(sent.getBank()).resolve("draft-" + UUID.randomUUID());
    }

    ShardFile stored(BankRecord record, ShardFile sent, Path draft) {
        draft(record, sent);
        Path file = folders.shard(sent.getBank(), sent.getShard());
        Disk.write(
                file,
                () -> {
                    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
                    Disk.forceFolder(file.getParent());
                });
        return sent.toBuilder().setPath(file.toString()).build();
    }
}
