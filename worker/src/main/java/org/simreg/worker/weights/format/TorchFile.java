package org.simreg.worker.weights.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.format.pickle.PickleReader;
import org.simreg.worker.weights.format.pickle.Pickled.Storage;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.MappedFile;

/**
 * The reader of PyTorch's two containers. Since version 1.6 a zip archive with the pickle {@code
 * data.pkl} and a record a storage (TorchScript archives have the same two); before, a stream of
 * five pickles followed by the storages.
 */
public final class TorchFile {
    /** The number that opens the stream. */
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    private TorchFile() {}

    /** Parses a zip archive. */
    public static ParsedFile zip(MappedFile file) throws CorruptFile {
        return archive(new ZipDirectory(file));
    }

    /**
     * Parses a folder that an archive was unpacked into.
     *
     * @throws IOException if it can't be listed
     */
    public static ParsedFile folder(Path folder) throws IOException {
        return archive(new FolderRecords(folder));
    }

    private static ParsedFile archive(Records zip) throws CorruptFile {
        String top = top(zip);
        ByteBuffer pickle = zip.data(top + "data.pkl");
        Object root = new PickleReader(pickle).read();
        Map<String, Tensor> tensors = TensorNames.of(root);
        ByteOrder order = order(zip, top);
        Map<String, TorchStorage> storages = new HashMap<>();
        for (Tensor tensor : tensors.values()) {
            String key = tensor.storage().key();
            if (!storages.containsKey(key)) {
                String record = top + "data/" + key;
                storages.put(key, new TorchStorage(zip.size(record), zip.lazily(record), order));
            }
        }
        boolean script = zip.contains(top + "constants.pkl");
        return new ParsedFile(
                script ? ParsedFile.Container.TORCHSCRIPT : ParsedFile.Container.PYTORCH_ZIP,
                root,
                Map.of(),
                views(tensors, storages));
    }

    /** The folder of data.pkl; of several the one that is least deep. */
    private static String top(Records zip) throws CorruptFile {
        String top = null;
        for (String name : zip.names()) {
            String folder = name.substring(0, name.lastIndexOf('/') + 1);
            boolean found = name.equals(folder + "data.pkl");
            if (found && (top == null || folder.length() < top.length())) {
                top = folder;
            }
        }
        if (top == null) {
            throw new CorruptFile(ForeignFormat.ofRecords(zip.names())
                    .orElse("it is a zip archive without data.pkl, so no file of PyTorch 1.6 or later"));
        }
        return top;
    }

    private static ByteOrder order(Records zip, String top) throws CorruptFile {
        String record = top + "byteorder";
        if (!zip.contains(record)) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        String order =
                StandardCharsets.US_ASCII.decode(zip.data(record)).toString().strip();
        return switch (order) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw new CorruptFile("its byte order is neither little nor big");
        };
    }

    /** Whether the file opens with the stream's magic number. */
    public static boolean isStream(MappedFile file) {
        try {
            return MAGIC.equals(new PickleReader(file.slice(0, Math.min(file.size(), 64))).read());
        } catch (CorruptFile e) {
            return false;
        }
    }

    /** Parses a stream. */
    public static ParsedFile stream(MappedFile file) throws CorruptFile {
        long place = 0;
        Object[] pickles = new Object[5];
        Map<String, Storage> known = new HashMap<>();
        for (int i = 0; i < pickles.length; i++) {
            PickleReader reader = new PickleReader(file.from(place));
            pickles[i] = reader.read();
            known.putAll(reader.storages());
            place += reader.position();
        }
        if (!Long.valueOf(1001).equals(pickles[1])) {
            throw new CorruptFile("its protocol is not 1001, the only one of that container");
        }
        boolean big = pickles[2] instanceof Map<?, ?> system && Boolean.FALSE.equals(system.get("little_endian"));
        ByteOrder order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        Map<String, Tensor> tensors = TensorNames.of(pickles[3]);
        if (!(pickles[4] instanceof List<?> keys)) {
            throw new CorruptFile("the list of its storages is missing");
        }
        Map<String, TorchStorage> storages = new HashMap<>();
        for (Object key : keys) {
            Storage storage = key instanceof String text ? known.get(text) : null;
            if (storage == null) {
                throw new CorruptFile("a storage is listed that no tensor uses");
            }
            long size = size(file, place, storage, order);
            place += Long.BYTES;
            storages.put(storage.key(), new TorchStorage(size, file.lazily(place, size), order));
            place += size;
        }
        return new ParsedFile(ParsedFile.Container.PYTORCH_STREAM, pickles[3], Map.of(), views(tensors, storages));
    }

    /** Bytes of a storage, whose number of elements stands before it. */
    private static long size(MappedFile file, long place, Storage storage, ByteOrder order) throws CorruptFile {
        long length = file.slice(place, Long.BYTES).order(order).getLong(0);
        if (length != storage.length() || length > file.size()) {
            throw new CorruptFile(
                    "storage %s has %d elements instead of %d".formatted(storage.key(), length, storage.length()));
        }
        return length * storage.width();
    }

    private static Map<String, LazyTensor> views(Map<String, Tensor> tensors, Map<String, TorchStorage> storages)
            throws CorruptFile {
        Map<String, LazyTensor> views = new LinkedHashMap<>();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            TorchStorage storage = storages.get(entry.getValue().storage().key());
            if (storage == null) {
                throw new CorruptFile("the storage of tensor " + entry.getKey() + " is missing");
            }
            views.put(entry.getKey(), storage.view(entry.getKey(), entry.getValue()));
        }
        return views;
    }

    /** The records of an archive that was unpacked into a folder, as macOS does with a {@code .pth}. */
    private static final class FolderRecords implements Records {
        private static final int MAX_FILES = 1_000_000;

        private final Map<String, Path> files = new LinkedHashMap<>();

        FolderRecords(Path folder) throws IOException {
            for (Path file : files(folder)) {
                files.put(folder.relativize(file).toString().replace('\\', '/'), file);
            }
        }

        /** Regular files of a folder and two levels below it, in name order. */
        static List<Path> files(Path folder) throws IOException {
            List<Path> found = new ArrayList<>();
            try (Stream<Path> all = Files.walk(folder, 3)) {
                all.filter(Files::isRegularFile).limit(MAX_FILES).sorted().forEach(found::add);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            return found;
        }

        @Override
        public Iterable<String> names() {
            return files.keySet();
        }

        @Override
        public boolean contains(String name) {
            return files.containsKey(name);
        }

        @Override
        public long size(String name) throws CorruptFile {
            try {
                return Files.size(file(name));
            } catch (IOException e) {
                throw new CorruptFile("its record " + name + " can't be read: " + Disk.reason(e));
            }
        }

        @Override
        public ByteBuffer data(String name) throws CorruptFile {
            return lazily(name).get();
        }

        @Override
        public Supplier<ByteBuffer> lazily(String name) throws CorruptFile {
            try {
                MappedFile mapped = MappedFile.open(file(name));
                return mapped.lazily(0, mapped.size());
            } catch (CorruptFile e) {
                throw e;
            } catch (IOException e) {
                throw new CorruptFile("its record " + name + " can't be read: " + Disk.reason(e));
            }
        }

        private Path file(String name) throws CorruptFile {
            Path file = files.get(name);
            if (file == null) {
                throw new CorruptFile("its record " + name + " is missing");
            }
            return file;
        }
    }
}
