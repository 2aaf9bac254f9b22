package org.simreg.coordinator.control;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest.Existing;

/** Run folders that outlive a coordinator. */
final class MemoryFolders implements RunFiles.JobFolders {
    private final Map<String, MemoryFiles> folders = new ConcurrentSkipListMap<>();

    /** What is done, with its path, before a folder is made. */
    volatile Consumer<String> making = folder -> {};

    @Override
    public RunFiles create(JobRecord record, Existing existing) {
        making.accept(record.getFolder());
        MemoryFiles before = folders.get(record.getFolder());
        if (before != null && existing == Existing.REFUSE) {
            throw new Refused(Refused.Kind.EXISTS, record.getFolder() + " already holds a run");
        }
        if (before == null || existing == Existing.OVERWRITE) {
            folders.put(record.getFolder(), new MemoryFiles());
        }
        return open(record);
    }

    @Override
    public RunFiles open(JobRecord record) {
        MemoryFiles files = folders.get(record.getFolder());
        files.open();
        return files;
    }

    MemoryFiles of(String folder) {
        return folders.get(folder);
    }

    Collection<MemoryFiles> all() {
        return folders.values();
    }

    void crash(boolean power) {
        folders.values().forEach(files -> files.crash(power));
    }
}
