package org.simreg.worker.checkpoint;

import com.google.protobuf.CodedOutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.simreg.worker.checkpoint.onnx.ModelProto;
import org.simreg.worker.checkpoint.onnx.OperatorSetIdProto;
import org.simreg.worker.checkpoint.onnx.StringStringEntryProto;
import org.simreg.worker.network.Network;

/**
 * Networks in the Open Neural Network Exchange format, for inference.
 *
 * @see <a href="https://onnx.ai/onnx/operators/">the operators</a>
 */
public final class Onnx {
    /** Understood by ONNX Runtime 1.14 and later. */
    private static final int IR_VERSION = 8;

    private static final int OPERATORS = 17;

    private Onnx() {}

    /**
     * Writes a network with its BatchNorms folded into the convolutions, whole or not at all. Input
     * {@code images}: (N, inputs, H, W) float32, scaled to 0..1 and normalised with ImageNet's mean
     * and standard deviation; N, H and W are free. Output {@code features}: (N, outputs). Equal
     * weights give equal bytes.
     *
     * @param size height and width in px that the network was trained with, written down as
     *     metadata
     * @throws org.simreg.proto.UserError if the file can't be written
     */
    public static void write(Path file, Network network, StateDict weights, int size) {
        ModelProto model = model(network, weights, size);
        AtomicFile.write(
                file,
                channel -> {
                    // Closing the stream would close the channel before it is forced.
                    CodedOutputStream out =
                            CodedOutputStream.newInstance(Channels.newOutputStream(channel));
                    model.writeTo(out);
                    out.flush();
                });
    }

    private static ModelProto model(Network network, StateDict weights, int size) {
        ModelProto.Builder model =
                ModelProto.newBuilder()
                        .setIrVersion(IR_VERSION)
                        .setProducerName("simreg")
                        .setGraph(new OnnxGraph(Folded.of(network, weights)).graph())
                        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATORS));
        Map<String, Object> metadata = new TreeMap<>();
        metadata.put("size", size);
        metadata.put("mean", List.of(0.485, 0.456, 0.406));
        metadata.put("std", List.of(0.229, 0.224, 0.225));
        metadata.forEach(
                (key, value) ->
                        model.addMetadataProps(
                                StringStringEntryProto.newBuilder()
                                        .setKey(key)
                                        .setValue(value.toString())));
        return model.build();
    }
}
