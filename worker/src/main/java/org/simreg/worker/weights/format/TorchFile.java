package org.simreg.worker.weights.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    private static final int MAX_PICKLE = 1 << 28;

    private TorchFile() {}

    /** Parses a zip archive. */
    public static ParsedFile zip(MappedFile file) throws CorruptFile {
        ZipDirectory zip = new ZipDirectory(file);
        String top = top(zip);
        ByteBuffer pickle = zip.data(top + "data.pkl");
        if (pickle.remaining() > MAX_PICKLE) {
            throw new CorruptFile("its record data.pkl is too large");
        }
        Object root = new PickleReader(pickle).read();
        Map<String, Tensor> tensors = TensorNames.of(root);
        ByteOrder order = order(zip, top);
        Map<String, TorchStorage> storages = new HashMap<>();
        for (Tensor tensor : tensors.values()) {
            String key = tensor.storage().key();
            if (!storages.containsKey(key)) {
                ByteBuffer data = zip.data(top + "data/" + key);
                storages.put(key, new TorchStorage(data, order));
            }
        }
        boolean script = zip.contains(top + "constants.pkl");
        return new ParsedFile(
                script ? ParsedFile.Container.TORCHSCRIPT : ParsedFile.Container.PYTORCH_ZIP,
                root,
                Map.of(),
                views(tensors, storages));
    }

    private static String top(ZipDirectory zip) throws CorruptFile {
        for (String name : zip.names()) {
            int slash = name.indexOf('/');
            if (name.substring(slash + 1).equals("data.pkl")) {
                return name.substring(0, slash + 1);
            }
        }
        throw new CorruptFile("it is a zip archive without data.pkl, so no file of PyTorch 1.6 or later");
    }

    private static ByteOrder order(ZipDirectory zip, String top) throws CorruptFile {
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
            ByteBuffer bytes = storage(file, place, storage, order);
            storages.put(storage.key(), new TorchStorage(bytes, order));
            place += Long.BYTES + bytes.remaining();
        }
        return new ParsedFile(ParsedFile.Container.PYTORCH_STREAM, pickles[3], Map.of(), views(tensors, storages));
    }

    private static ByteBuffer storage(MappedFile file, long place, Storage storage, ByteOrder order)
            throws CorruptFile {
        long length = file.slice(place, Long.BYTES).order(order).getLong(0);
        if (length != storage.length() || length > file.size()) {
            throw new CorruptFile(
                    "storage %s has %d elements instead of %d".formatted(storage.key(), length, storage.length()));
        }
        return file.slice(place + Long.BYTES, length * storage.width());
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
}
