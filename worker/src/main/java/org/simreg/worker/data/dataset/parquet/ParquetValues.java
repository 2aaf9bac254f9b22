package org.simreg.worker.data.dataset.parquet;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;
import org.simreg.worker.data.store.ValueStore;

/**
 * The images in Parquet files, each unpacked with its page.
 *
 * @param store where the files are read
 */
public record ParquetValues(FileStore store) implements ValueStore {
    /** Decode threads read one value after the other: a page of 1 MiB is no garbage. */
    private static final ThreadLocal<PageReader.Memory> MEMORY =
            ThreadLocal.withInitial(() -> new PageReader.Memory(true));

    @Override
    public byte[] value(StoredFile file, long place, BooleanSupplier wanted) throws IOException {
        try (FileStore.Reader reader = store.open(file, wanted)) {
            return ColumnChunkReader.value(new PageReader(reader, file.size(), MEMORY.get()), place);
        }
    }
}
