package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The containers that weights come in; {@code scripts/fixtures/containers.py} makes the files. */
class ContainersTest {
    private static final Path FILES = Path.of("src/test/resources/containers");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"plain.pth", "rezipped.pth", "zipped.zip", "shards", "shards/model.safetensors.index.json"})
    void theSameTensorsComeOutOfEachContainer(String name) {
        holdsBoth(WeightsFile.read(FILES.resolve(name)), "");
    }

    @Test
    void aFolderThatMacOsMadeOfAFileIsRead() throws IOException {
        Path unpacked = folder.resolve("unpacked");
        try (ZipFile zip = new ZipFile(FILES.resolve("plain.pth").toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                Path file = unpacked.resolve(entry.getName());
                Files.createDirectories(file.getParent());
                try (InputStream in = zip.getInputStream(entry)) {
                    Files.copy(in, file);
                }
            }
        }
        Files.write(unpacked.resolve(".DS_Store"), new byte[4]);
        holdsBoth(WeightsFile.read(unpacked), "");
        holdsBoth(WeightsFile.read(RunWeights.weights(unpacked.resolve("plain"))), "");
        String digest = WeightsFile.sha256(unpacked.resolve("plain"));
        Files.createDirectories(unpacked.resolve("__MACOSX/plain"));
        Files.write(unpacked.resolve("__MACOSX/plain/._data.pkl"), new byte[4]);
        Files.write(unpacked.resolve("plain/.DS_Store"), new byte[4]);
        holdsBoth(WeightsFile.read(unpacked), "");
        assertEquals(digest, WeightsFile.sha256(unpacked));
        Files.write(unpacked.resolve("plain/data/0"), new byte[4000]);
        assertNotEquals(digest, WeightsFile.sha256(unpacked.resolve("plain")));
    }

    @Test
    void aShardAloneNamesItsIndexAndAMissingOneIsNamed() throws IOException {
        refused(
                FILES.resolve("shards/model-00001-of-00002.safetensors"),
                "name their index model.safetensors.index.json");
        String index = "model.safetensors.index.json";
        Path copy = Files.copy(FILES.resolve("shards").resolve(index), folder.resolve(index));
        refused(copy, "its shard model-00001-of-00002.safetensors is missing");
        Files.writeString(copy, "{\"weight_map\": {\"a\": \"../outside.safetensors\"}}");
        refused(copy, "is missing");
        Files.writeString(copy, "{\"weight_map\": ");
        refused(copy, "its index");
    }

    @ParameterizedTest
    @CsvSource({"dinov2-vits14-reg, DINOV2_VITS14_REG", "dinov3-vits16, DINOV3_VITS16", "siglip-vitb16, SIGLIP_VITB16"})
    void aTransformerInShardsAsTransformersWritesThemIsKnown(String fixture, Network network) throws IOException {
        Path list = FILES.resolveSibling("fixtures/shards").resolve(fixture + ".txt");
        Map<String, String> files = new LinkedHashMap<>();
        Map<String, Map<String, LazyTensor>> shards = new LinkedHashMap<>();
        for (String line : Files.readAllLines(list)) {
            String[] words = line.split(" ");
            long[] shape = Arrays.stream(words[1].split(","))
                    .mapToLong(Long::parseLong)
                    .toArray();
            // A number that tells the tensors apart, and zeros.
            byte number = (byte) (files.size() % 100);
            files.put('"' + words[0] + '"', '"' + words[2] + '"');
            shards.computeIfAbsent(words[2], name -> new LinkedHashMap<>())
                    .put(words[0], new LazyTensor(DType.FLOAT16, shape, () -> numbered(shape, number)));
        }
        for (String shard : shards.keySet()) {
            Safetensors.write(folder.resolve(shard), new StateDict(shards.get(shard)));
        }
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\": {}, \"weight_map\": " + files.toString().replace('=', ':') + "}");
        StateDict whole = WeightsFile.read(folder);
        assertEquals(files.size(), whole.size());
        assertEquals(network, FittingNetwork.of(whole, PartRequest.ANY, "x", "--network", notice -> {}));
        NetworkGraph graph = Networks.backbone(network);
        StateDict own = NetworkFit.fit(whole, graph, "x");
        String first = graph.weights().get(graph.weights().size() - 1).name();
        assertNotEquals(0, own.get(first).floats()[0], first);
    }

    private static ByteBuffer numbered(long[] shape, byte number) {
        ByteBuffer zeros = ByteBuffer.allocate((int) (Short.BYTES * HostTensor.count(shape)));
        return zeros.put(1, (byte) (0x3c + number % 4)).put(0, number);
    }

    @Test
    void listsAndTuplesAreLookedInto() {
        StateDict dict = WeightsFile.read(FILES.resolve("in-lists.pth"));
        assertEquals(List.of("1.0.a", "1.1.b"), List.copyOf(dict.names()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "pruned", "normed", "normed2", "linear"})
    void reparametrisedWeightsComeAsPyTorchComputesThem(String layer) {
        StateDict dict = WeightsFile.read(FILES.resolve("reparametrised.pth"));
        assertArrayEquals(
                dict.get("expected." + layer).floats(),
                dict.get(layer + ".weight").floats(),
                1e-6f);
        assertTrue(dict.names().stream().noneMatch(name -> name.matches(".*(orig|mask|_g|_v|original\\d)")));
    }

    static List<Arguments> knownBySight() {
        return List.of(
                arguments("x.pth", "<!DOCTYPE html><html>", "it is a web page"),
                arguments("x.pth", "", "it is empty, as what a download leaves that was broken off"),
                arguments("x.pth", "\0".repeat(2000), "it begins with nothing but zeros, as what a download leaves"),
                arguments("x.pth", "version https://git-lfs.github.com/spec/v1", "git lfs pull"),
                arguments("x.gguf", "GGUF\u0003\0\0", "it is a GGUF file"),
                arguments("x.h5", "\u0089HDF\r\n\u001a\n", "keras.models.load_model"),
                arguments("x.npy", "\u0093NUMPY\u0001", "it is one NumPy array"),
                arguments("m.ckpt.data-00000-of-00001", "xxxxxxxxxxxxxxxx", "TensorFlow checkpoint"),
                arguments("m.ckpt.index", "xxxxxxxxxxxxxxxx", "TensorFlow checkpoint"),
                arguments("saved_model.pb", "xxxxxxxxxxxxxxxx", "tf2onnx.convert --saved-model"),
                arguments("flax_model.msgpack", "\u0081\u00a3xxxx", "from_flax=True"),
                arguments("x.tflite", "\u001c\0\0\0TFL3", "TensorFlow Lite"),
                arguments("__0_0.distcp", "PKxxxxxx", "dcp_to_torch"),
                arguments("x.pth.gz", "\u001f\u008b\b\0", "gunzip"),
                arguments("x.pkl", "\u0080\u0004}\u0094.", "a pickle that torch.save didn't write"),
                arguments("x.onnx", "\b\u0007\u0012\u0007pytorch", "onnx2torch.convert"));
    }

    @ParameterizedTest
    @MethodSource("knownBySight")
    void aFormatThatIsKnownBySightIsNamedWithTheWay(String name, String content, String expected) throws IOException {
        refused(Files.write(folder.resolve(name), content.getBytes(StandardCharsets.ISO_8859_1)), expected);
    }

    @ParameterizedTest
    @CsvSource({
        "archive/data/weights/model_weights_config.json, torch.save(dict(torch.export.load",
        "model.weights.h5, it is a Keras file",
        "conv1.npy, it is an .npz of NumPy",
        "a/.data/extern_modules, torch.package",
        "word/document.xml, without data.pkl"
    })
    void aZipOfAnotherFormatIsNamedToo(String entry, String expected) throws IOException {
        Path file = folder.resolve("x.pth");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(entry));
            zip.write(new byte[10]);
        }
        refused(file, expected);
    }

    @Test
    void aTensorFlowCheckpointIsNamedByItsPrefixToo() throws IOException {
        Files.write(folder.resolve("m.ckpt-2500.index"), new byte[8]);
        refused(folder.resolve("m.ckpt-2500"), "it is a TensorFlow checkpoint; restore it in TensorFlow");
        refused(folder.resolve("m.ckpt-2501"), "there is no such file");
    }

    @ParameterizedTest
    @CsvSource({
        "__0_0.distcp, dcp_to_torch",
        "saved_model.pb, TensorFlow SavedModel",
        "m.data-00000-of-00001, TensorFlow checkpoint",
        "zero_to_fp32.py, DeepSpeed",
        "manifest.ocdbt, Orbax",
        "holiday.jpg, it is a folder"
    })
    void aFolderOfAnotherFormatIsNamed(String name, String expected) throws IOException {
        Path made = Files.createDirectories(folder.resolve("made"));
        Files.write(made.resolve(name), new byte[8]);
        refused(made, expected);
    }

    @Test
    void arraysOfNumPyAreNamedWithTheWay() {
        refused(FILES.resolve("arrays.pth"), "it holds NumPy's arrays and no tensor; make tensors of them (d = torch");
    }

    /** Every cut and bit takes a minute. */
    private static final boolean DENSE = Boolean.getBoolean("simreg.test.dense");

    @ParameterizedTest
    @ValueSource(strings = {"rezipped.pth", "in-lists.pth"})
    void everyCutAndManyFlippedBitsEndInOneSentenceOrInTensors(String name) throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve(name));
        Path file = folder.resolve("damaged.pth");
        for (int length = 0; length < whole.length; length += DENSE ? 1 : 7) {
            endsWell(Files.write(file, Arrays.copyOf(whole, length)), "cut at " + length);
        }
        for (int bit = 0; bit < whole.length * 8; bit += DENSE ? 1 : 97) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            endsWell(Files.write(file, flipped), "bit " + bit);
        }
    }

    private static void endsWell(Path file, String what) {
        try {
            StateDict dict = WeightsFile.read(file);
            dict.names().forEach(tensor -> dict.get(tensor).data());
        } catch (UserError e) {
            assertTrue(e.getMessage().contains(file.toString()), what + ": " + e.getMessage());
            assertEquals(-1, e.getMessage().indexOf('\n'), what);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(what, e);
        }
    }

    @Test
    void aRecordThatClaimsMoreThanItsBytesCanHoldIsRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("rezipped.pth"));
        for (int at = 0; at + 46 < whole.length; at++) {
            if (whole[at] == 'P' && whole[at + 1] == 'K' && whole[at + 2] == 1 && whole[at + 3] == 2) {
                Arrays.fill(whole, at + 24, at + 27, (byte) 0xFF);
                whole[at + 27] = 0x6F;
            }
        }
        refused(Files.write(folder.resolve("x.pth"), whole), "says that it has");
    }

    @Test
    void whatIsNoRegularFileIsRefused() {
        refused(Path.of("/dev/null"), "only a regular file can be read");
    }

    private static void holdsBoth(StateDict dict, String prefix) {
        float[] a = dict.get(prefix + "a").floats();
        assertEquals(1000, a.length);
        assertEquals(999 / 4f, a[999]);
        assertArrayEquals(new float[] {1.5f, -2f}, dict.get(prefix + "b").floats());
    }

    private static void refused(Path file, String expected) {
        UserError error = assertThrows(UserError.class, () -> WeightsFile.read(file));
        assertTrue(error.getMessage().contains(expected), error::getMessage);
        assertTrue(error.getMessage().contains(file.toString()), error::getMessage);
    }
}
