package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.format.pickle.PickleWriter;
import org.simreg.worker.weights.format.pickle.PickleWriter.Storage;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;

/**
 * A distilled checkpoint as the authors' program saves it: {@code opt} (an argparse.Namespace),
 * {@code state_dict} with student, teacher and head below {@code module}, {@code optimizer}, {@code
 * epoch}. Weights follow their names, like those of {@link TestWeights}.
 */
public final class AuthorsFile {
    /** The student, below {@code encoder_q.module.}. */
    public static final Network STUDENT = Network.RESNET18;

    /** The teacher, below {@code encoder_t.module.}. */
    public static final Network TEACHER = Network.MOBILENET_V2;

    private AuthorsFile() {}

    /** The head, below {@code predict_q.module.}. */
    public static NetworkGraph head() {
        return Heads.regression(Head.Form.RELEASED, 4, 512, 1280);
    }

    /** Writes PyTorch's zip archive. */
    public static Path zip(Path file) {
        Map<String, HostTensor> tensors = tensors();
        try (FileChannel out = channel(file);
                StoredZip zip = new StoredZip(out)) {
            zip.add("ckpt/data.pkl", pickle(tensors));
            int key = 0;
            for (HostTensor tensor : tensors.values()) {
                zip.add("ckpt/data/" + key++, tensor.data());
            }
            zip.add("ckpt/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    /** Writes the stream that PyTorch wrote before its version 1.6. */
    public static Path legacy(Path file) {
        Map<String, HostTensor> tensors = tensors();
        try (FileChannel out = channel(file)) {
            put(out, hex("80028a0a6cfc9c46f9206aa850192e"));
            put(out, new PickleWriter().integer(1001).stop());
            PickleWriter system = new PickleWriter().emptyDict().mark();
            put(out, system.string("little_endian").bool(true).setItems().stop());
            put(out, pickle(tensors));
            PickleWriter keys = new PickleWriter().emptyList().mark();
            for (int key = 0; key < tensors.size(); key++) {
                keys.string(String.valueOf(key));
            }
            put(out, keys.appends().stop());
            for (HostTensor tensor : tensors.values()) {
                ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
                out.write(length.putLong(0, tensor.length()));
                out.write(tensor.data());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    private static Map<String, HostTensor> tensors() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        put(tensors, "encoder_q.module.", Networks.backbone(STUDENT));
        put(tensors, "encoder_t.module.", Networks.backbone(TEACHER));
        put(tensors, "predict_q.module.", head());
        return tensors;
    }

    private static void put(Map<String, HostTensor> tensors, String prefix, NetworkGraph network) {
        for (Weight weight : network.weights()) {
            HostTensor values = HostTensor.of(values(prefix, weight), weight.shape());
            tensors.put(prefix + weight.name(), values);
        }
    }

    /** The values of a tensor in the file. */
    static float[] values(String prefix, Weight weight) {
        return TestWeights.values(new Weight(prefix + weight.name(), weight.shape(), weight.kind()));
    }

    /** What its program's {@code torch.save} pickles. */
    private static byte[] pickle(Map<String, HostTensor> tensors) {
        PickleWriter top = new PickleWriter().emptyDict().mark();
        top.string("opt").global("argparse", "Namespace").emptyTuple().newObject();
        top.emptyDict()
                .mark()
                .string("arch_s")
                .string("resnet18")
                .string("epochs")
                .integer(130);
        top.string("learning_rate").number(0.05).setItems().build();
        top.string("state_dict").emptyOrderedDict().mark();
        int key = 0;
        for (Map.Entry<String, HostTensor> entry : tensors.entrySet()) {
            long[] shape = entry.getValue().shape();
            Storage storage = new Storage(
                    DType.FLOAT32, String.valueOf(key++), entry.getValue().length(), false);
            top.string(entry.getKey()).tensor(storage, 0, shape, PickleWriter.contiguous(shape));
        }
        top.setItems().string("optimizer").emptyDict().mark().string("state").emptyDict();
        top.string("param_groups").emptyList().setItems();
        return top.string("epoch").integer(130).setItems().stop();
    }

    private static FileChannel channel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private static void put(FileChannel out, byte[] bytes) throws IOException {
        out.write(ByteBuffer.wrap(bytes));
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }
}
