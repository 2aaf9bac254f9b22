package org.simreg.worker.export.edge;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiConsumer;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.network.PixelRange;

/** A model in ONNX Runtime, on CPUs: features of images as the embedder gives them. One thread uses it. */
final class OnnxSession implements ImageEmbedder.Features, AutoCloseable {
    private static final String FEATURES = "features";

    /** Images that are computed at once where the model takes any number. */
    private static final int TOGETHER = 8;

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final PixelRange range;
    private final int together;
    private final boolean fixed;
    private final BiConsumer<String, FloatBuffer> values;

    /**
     * @param batch how many images the model takes; empty: any number
     * @param pixels normalisation that the model wants
     * @param values takes every output but the features
     * @throws UserError if ONNX Runtime refuses the model, with its reason
     */
    OnnxSession(
            ModelProto model, OptionalInt batch, Pixels pixels, int threads, BiConsumer<String, FloatBuffer> values) {
        range = PixelRange.of(pixels);
        this.values = values;
        together = batch.orElse(TOGETHER);
        fixed = batch.isPresent();
        environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            session = environment.createSession(model.toByteArray(), options);
        } catch (OrtException e) {
            throw new UserError("ONNX Runtime can't open the model: " + e.getMessage(), e);
        }
    }

    @Override
    public NDArray of(NDManager scope, NDArray images) {
        Shape shape = images.getShape();
        int count = (int) shape.get(0);
        int side = (int) shape.get(1);
        byte[] pixels = images.toByteArray();
        int size = 3 * side * side;
        List<float[]> rows = new ArrayList<>();
        for (int from = 0; from < count; from += together) {
            int some = Math.min(together, count - from);
            int shown = fixed ? together : some;
            float[] input = new float[shown * size];
            for (int i = 0; i < some; i++) {
                normalise(pixels, (from + i) * size, input, i * size, side);
            }
            rows.addAll(run(input, shown, side).subList(0, some));
        }
        int width = rows.get(0).length;
        float[] all = new float[count * width];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows.get(i), 0, all, i * width, width);
        }
        return scope.create(all, new Shape(count, width));
    }

    /** Pixels (H, W, 3) to planes (3, H, W), normalised. */
    private void normalise(byte[] pixels, int from, float[] into, int at, int side) {
        int plane = side * side;
        float[] mean = floats(range.mean());
        float[] deviation = floats(range.deviation());
        for (int pixel = 0; pixel < plane; pixel++) {
            for (int channel = 0; channel < 3; channel++) {
                float value = (pixels[from + 3 * pixel + channel] & 0xFF) / 255f;
                into[at + channel * plane + pixel] = (value - mean[channel]) / deviation[channel];
            }
        }
    }

    private static float[] floats(double[] values) {
        return new float[] {(float) values[0], (float) values[1], (float) values[2]};
    }

    private List<float[]> run(float[] images, int count, int side) {
        long[] shape = {count, 3, side, side};
        try (OnnxTensor input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images), shape);
                OrtSession.Result result = session.run(Map.of("images", input))) {
            List<float[]> rows = new ArrayList<>();
            for (Map.Entry<String, OnnxValue> output : result) {
                FloatBuffer numbers = ((OnnxTensor) output.getValue()).getFloatBuffer();
                if (!output.getKey().equals(FEATURES)) {
                    values.accept(output.getKey(), numbers);
                    continue;
                }
                int width = numbers.remaining() / count;
                for (int row = 0; row < count; row++) {
                    float[] feature = new float[width];
                    numbers.get(feature);
                    rows.add(feature);
                }
            }
            return rows;
        } catch (OrtException e) {
            throw new UserError("ONNX Runtime can't compute the model: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("a session of ONNX Runtime could not be closed", e);
        }
    }
}
