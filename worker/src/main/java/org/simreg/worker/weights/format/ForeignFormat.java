package org.simreg.worker.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.worker.weights.format.pickle.Pickled;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.MappedFile;

/** The formats of weights that are known by sight and not read: a sentence for each, with the way to one that is. */
public final class ForeignFormat {
    private static final String FROM_TENSORFLOW =
            "make ONNX of it (python -m tf2onnx.convert --saved-model DIR --inputs-as-nchw INPUT --output m.onnx), and of"
                    + " that a TorchScript module (m = onnx2torch.convert('m.onnx');"
                    + " torch.jit.trace(m, torch.rand(2, 3, 224, 224)).save('m.pt')), which torchscript:m.pt names";
    private static final String FROM_CHECKPOINT = "restore it in TensorFlow, save a SavedModel, and " + FROM_TENSORFLOW;
    private static final String FROM_KERAS = "make a TorchScript module of it, with KERAS_BACKEND=torch (k ="
            + " keras.models.load_model(FILE).requires_grad_(False).eval(); torch.jit.trace(lambda x: k(x.permute(0, 2, 3,"
            + " 1)), torch.rand(2, 3, 224, 224)).save('m.pt')), which torchscript:m.pt names";
    private static final String FROM_ONNX = "make a TorchScript module of it (m = onnx2torch.convert(FILE);"
            + " torch.jit.trace(m, torch.rand(2, 3, 224, 224)).save('m.pt')), which torchscript:m.pt names, or give"
            + " the PyTorch file or safetensors that it was made of";
    private static final String FROM_EXPORT = "of a network that is known here its weights do"
            + " (torch.save(dict(torch.export.load(FILE).state_dict), 'm.pth')); of any other make a TorchScript module (m ="
            + " torch.export.load(FILE).module(); torch.jit.trace(m, torch.rand(2, 3, 224, 224)).save('m.pt'), with images of"
            + " the size that it was exported with), which torchscript:m.pt names; if a guard on the batch fails there,"
            + " export it again for any (dynamic_shapes=({0: torch.export.Dim('n')},))";
    private static final String FROM_DISTRIBUTED =
            "make one file of it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pth";
    private static final String FROM_NUMPY =
            "make safetensors of it (d = numpy.load(FILE); safetensors.numpy.save_file({k: d[k] for k in d}, 'm.safetensors'))";
    private static final String FROM_FLAX =
            "let transformers 4 convert it (ResNetModel.from_pretrained(FOLDER, from_flax=True).save_pretrained(OUT)) and"
                    + " give OUT/model.safetensors";
    private static final String FROM_PICKLE =
            "make a PyTorch file of it (d = pickle.load(open(FILE, 'rb')); d = d.get('model', d);"
                    + " torch.save({k: torch.as_tensor(v) for k, v in d.items()}, 'm.pth'))";

    private static final String FROM_ARRAYS = "make tensors of them (d = torch.load(FILE, weights_only=False);"
            + " torch.save({k: torch.as_tensor(v) for k, v in d.items()}, 'm.pth'))";

    private ForeignFormat() {}

    /** What the values of a PyTorch file without tensors tell of it; empty if they tell nothing. */
    public static Optional<String> ofValues(Object root) {
        Collection<?> values = root instanceof Map<?, ?> map ? map.values() : List.of();
        boolean arrays = values.stream()
                .flatMap(value -> value instanceof Map<?, ?> inner ? inner.values().stream() : Stream.of(value))
                .anyMatch(value ->
                        value instanceof Pickled.Thing thing && thing.typeName().startsWith("numpy"));
        return arrays ? Optional.of("it holds NumPy's arrays and no tensor; " + FROM_ARRAYS) : Optional.empty();
    }

    /** What the files beside tell of a name that no file has: TensorFlow's checkpoints are named by a prefix. */
    public static Optional<String> ofMissing(Path path) {
        return Files.exists(path.resolveSibling(path.getFileName() + ".index"))
                ? Optional.of("it is a TensorFlow checkpoint; " + FROM_CHECKPOINT)
                : Optional.empty();
    }

    /** What the names in an archive tell of it; empty if they tell nothing. */
    static Optional<String> ofRecords(Iterable<String> names) {
        List<String> all = new ArrayList<>();
        names.forEach(name -> {
            if (!name.startsWith("__MACOSX/") && !name.endsWith("/")) {
                all.add(name);
            }
        });
        if (has(all, "model_weights_config.json", "serialized_exported_program.json", "archive_format")) {
            return Optional.of("it is an archive of torch.export (.pt2); " + FROM_EXPORT);
        } else if (has(all, "model.weights.h5")) {
            return Optional.of("it is a Keras file; " + FROM_KERAS);
        } else if (has(all, "extern_modules")) {
            return Optional.of(
                    "it is a torch.package, whose code would have to be run; load it in Python and torch.save its state_dict()");
        } else if (!all.isEmpty() && all.stream().allMatch(name -> name.endsWith(".npy"))) {
            return Optional.of("it is an .npz of NumPy; " + FROM_NUMPY);
        } else if (has(all, "saved_model.pb")) {
            return Optional.of("it is a zip of a TensorFlow SavedModel; unpack it, then " + FROM_TENSORFLOW);
        } else if (has(all, "Manifest.json")) {
            return Optional.of("it is a Core ML package; give the PyTorch file that it was made of");
        } else if (all.stream().anyMatch(name -> name.endsWith(".distcp"))) {
            return Optional.of("it is a zip of a distributed checkpoint; unpack it, then " + FROM_DISTRIBUTED);
        }
        return all.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "it is a zip archive without data.pkl, so no file of PyTorch 1.6 or later; it holds %d files, the first is %s"
                                .formatted(all.size(), all.get(0)));
    }

    private static boolean has(List<String> names, String... ends) {
        return names.stream().anyMatch(name -> List.of(ends).contains(name.substring(name.lastIndexOf('/') + 1)));
    }

    /** What a file's name or its first bytes tell of it; empty if they tell nothing. */
    public static Optional<String> ofFile(Path path, MappedFile file) throws CorruptFile {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        ByteBuffer head = file.slice(0, Math.min(file.size(), 1024));
        byte[] bytes = new byte[head.remaining()];
        head.get(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        if (name.endsWith(".distcp")) {
            return Optional.of("it is a piece of a distributed checkpoint; " + FROM_DISTRIBUTED);
        } else if (text.startsWith("\u0089HDF\r\n")) {
            return Optional.of("it is an HDF5 file, as Keras writes; " + FROM_KERAS);
        } else if (text.startsWith("GGUF")) {
            return Optional.of(
                    "it is a GGUF file, which holds quantised weights; give the safetensors or PyTorch file that it was made of");
        } else if (text.startsWith("\u0093NUMPY")) {
            return Optional.of("it is one NumPy array (.npy), and a network has many; give its state dict");
        } else if (text.startsWith("TFL3", 4)) {
            return Optional.of("it is a TensorFlow Lite file; give the model that it was made of: " + FROM_TENSORFLOW);
        } else if (name.matches(".*\\.(data-\\d{5}-of-\\d{5}|ckpt\\.(index|meta)|index)")) {
            return Optional.of("it is a piece of a TensorFlow checkpoint; " + FROM_CHECKPOINT);
        } else if (name.endsWith(".pb")) {
            return Optional.of("it is a TensorFlow graph; " + FROM_TENSORFLOW);
        } else if (name.endsWith(".msgpack")) {
            return Optional.of("it is Flax's msgpack; " + FROM_FLAX);
        } else if (isOnnx(head)) {
            return Optional.of("it is an ONNX file, which holds a graph and no network's names; " + FROM_ONNX);
        }
        return container(text, bytes);
    }

    /** What isn't weights, but something around them or in their place. */
    private static Optional<String> container(String text, byte[] bytes) {
        String start = text.stripLeading().toLowerCase(Locale.ROOT);
        if (text.chars().allMatch(one -> one == 0)) {
            return Optional.of((text.isEmpty() ? "it is empty" : "it begins with nothing but zeros")
                    + ", as what a download leaves that was broken off; get it again");
        } else if (text.startsWith("version https://git-lfs")) {
            return Optional.of(
                    "it is a Git LFS pointer and neither a PyTorch file nor safetensors; fetch what it points to with git lfs pull");
        } else if (start.startsWith("<!doctype") || start.startsWith("<html") || start.startsWith("<?xml")) {
            return Optional.of("it is a web page; the download went wrong, so get it again");
        } else if (text.startsWith("\u001f\u008b")) {
            return Optional.of("it is compressed by gzip; unpack it with gunzip or tar -xzf");
        } else if (text.startsWith("BZh")) {
            return Optional.of("it is compressed by bzip2; unpack it with bunzip2 or tar -xjf");
        } else if (text.startsWith("\u00fd7zXZ")) {
            return Optional.of("it is compressed by xz; unpack it with unxz or tar -xJf");
        } else if (text.startsWith("\u0028\u00b5\u002f\u00fd")) {
            return Optional.of("it is compressed by Zstandard; unpack it with unzstd");
        } else if (text.startsWith("7z\u00bc\u00af") || text.startsWith("Rar!")) {
            return Optional.of("it is a 7z or RAR archive; unpack it");
        } else if (text.startsWith("ustar", 257)) {
            return Optional.of(
                    "it is a tar archive; unpack it with tar -xf, or, if PyTorch before 0.2 wrote it, torch.save(torch.load(FILE), 'm.pth')");
        }
        boolean pickle = bytes.length > 2 && bytes[0] == (byte) 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
        return pickle
                ? Optional.of("it is a pickle that torch.save didn't write, such as detectron2's .pkl; " + FROM_PICKLE)
                : Optional.empty();
    }

    /** Begins with its version, a small number as field 1, and the producer or the graph. */
    private static boolean isOnnx(ByteBuffer head) {
        return head.limit() >= 4
                && head.get(0) == 0x08
                && head.get(1) > 0
                && head.get(1) < 64
                && (head.get(2) == 0x12 || head.get(2) == 0x3A);
    }

    /** What a folder's files tell of it; empty if they tell nothing. */
    public static Optional<String> ofFolder(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.limit(10_000).map(file -> String.valueOf(file.getFileName())).forEach(names::add);
        }
        if (names.contains("zero_to_fp32.py")) {
            return Optional.of(
                    "it is a checkpoint of DeepSpeed; make one file of it: python FOLDER/zero_to_fp32.py FOLDER OUT");
        } else if (names.stream().anyMatch(name -> name.endsWith(".distcp"))) {
            return Optional.of("it is a distributed checkpoint of PyTorch; " + FROM_DISTRIBUTED);
        } else if (names.contains("saved_model.pb")) {
            return Optional.of("it is a TensorFlow SavedModel; " + FROM_TENSORFLOW);
        } else if (names.stream().anyMatch(name -> name.matches(".*\\.data-\\d{5}-of-\\d{5}"))) {
            return Optional.of("it holds a TensorFlow checkpoint; " + FROM_CHECKPOINT);
        } else if (names.contains("flax_model.msgpack")) {
            return Optional.of("it holds Flax's msgpack; " + FROM_FLAX);
        } else if (names.contains("_CHECKPOINT_METADATA") || names.contains("manifest.ocdbt")) {
            return Optional.of(
                    "it is a checkpoint of Orbax (JAX); restore it in JAX and save its arrays with safetensors.numpy.save_file");
        } else if (names.contains("Manifest.json")) {
            return Optional.of("it is a Core ML package; give the PyTorch file that it was made of");
        } else if (names.contains("model.weights.h5") || names.contains("tf_model.h5")) {
            return Optional.of("it holds Keras weights; " + FROM_KERAS);
        }
        return Optional.empty();
    }
}
