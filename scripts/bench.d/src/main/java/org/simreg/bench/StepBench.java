package org.simreg.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StepModule;
import org.simreg.worker.engine.torchscript.StepSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A benchmark of the training step without its data, in images a second: a frozen teacher and a
 * student with the four-layer head, SGD, random weights and pixels. Prints a line a run, and
 * with many steps the memory in between.
 */
public final class StepBench {
    private final Torch torch;
    private final FrozenModule teacher;
    private final StepModule student;
    private final int batch;
    private final int size;
    private final ByteBuffer pixels;

    private StepBench(Torch torch, boolean bfloat16, int batch, int size, Network teaches, Network learns) {
        this.torch = torch;
        this.batch = batch;
        this.size = size;
        var large = Networks.backbone(teaches).forSize(size);
        var small = Networks.backbone(learns).forSize(size);
        Head.Form form = Head.Form.RELEASED;
        StudentNetwork trained =
                StudentNetwork.regression(small, List.of(Heads.regression(form, 4, small.outputs(), large.outputs())));
        StudentNetwork random =
                StudentNetwork.regression(large, List.of(Heads.regression(form, 1, large.outputs(), 1)));
        StateDict weights = StudentBuilder.backbone(random, InitialWeights.of(random, 1));
        teacher = FrozenModule.of(torch, large, weights, bfloat16);
        student = new StepModule(torch, trained, new StepSettings(bfloat16, 0.9, 1e-4), InitialWeights.of(trained, 2));
        byte[] bytes = new byte[batch * size * size * 3];
        new Random(3).nextBytes(bytes);
        pixels = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /**
     * @param arguments precision (float32 or bfloat16), batch, size in pixels, measured steps,
     *     device, threads, and after them teacher and student: resnet50 and resnet18 without
     */
    public static void main(String[] arguments) throws Exception {
        boolean bfloat16 = arguments[0].equals("bfloat16");
        int steps = Integer.parseInt(arguments[3]);
        try (Torch torch = new Torch(arguments[4], Integer.parseInt(arguments[5]))) {
            Network teacher = network(arguments, 6, Network.RESNET50);
            Network student = network(arguments, 7, Network.RESNET18);
            int batch = Integer.parseInt(arguments[1]);
            int size = Integer.parseInt(arguments[2]);
            StepBench bench = new StepBench(torch, bfloat16, batch, size, teacher, student);
            bench.run(arguments[0] + " " + shown(teacher) + " " + shown(student), steps);
            bench.student.close();
            bench.teacher.close();
        }
    }

    private static Network network(String[] arguments, int at, Network otherwise) {
        return at < arguments.length
                ? Network.valueOf(arguments[at].toUpperCase(Locale.ROOT).replace('-', '_'))
                : otherwise;
    }

    private static String shown(Network network) {
        return network.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private void run(String what, int steps) throws Exception {
        double[] teaching = new double[steps];
        double[] learning = new double[steps];
        double[] updating = new double[steps];
        double[] whole = new double[steps];
        Transfers.Counts counts;
        try (NDManager scope = torch.scope()) {
            NDArray out = student.newOut(scope);
            Transfers.Counts before = torch.transfers().counts();
            for (int i = -3; i < steps; i++) {
                long begun = System.nanoTime();
                long taught;
                long learnt;
                DoubleSupplier loss;
                if (i == 0) {
                    before = torch.transfers().counts();
                }
                try (NDManager step = torch.scope()) {
                    NDArray images = torch.transfers().images(step, pixels, batch, size);
                    NDArray targets = teacher.features(step, images);
                    taught = System.nanoTime();
                    student.backward(images, new NDArray[] {targets}, out);
                    loss = student.lossAhead(out);
                    if (!torch.cuda()) {
                        requireNumber(loss.getAsDouble());
                    }
                    learnt = System.nanoTime();
                    if (torch.cuda()) {
                        requireNumber(loss.getAsDouble()); // as the loop does: behind the next step's teacher there
                    }
                    student.update(out, TrainableStudent.Rates.of(0.05));
                }
                long updated = System.nanoTime();
                if (i >= 0) {
                    teaching[i] = (taught - begun) / 1e9;
                    learning[i] = (learnt - taught) / 1e9;
                    updating[i] = (updated - learnt) / 1e9;
                    whole[i] = (updated - begun) / 1e9;
                    if (steps >= 500 && (i + 1) % 100 == 0) {
                        System.out.println(memory(i + 1));
                    }
                }
            }
            counts = torch.transfers().counts().since(before);
        }
        System.out.printf(
                Locale.ROOT,
                "{\"bench\": \"step\", \"mode\": \"%s\", \"batch\": %d, \"size\": %d, \"images_per_second\": %.1f, "
                        + "\"teacher_ms\": %.0f, \"student_ms\": %.0f, \"update_ms\": %.1f, \"copies_a_step\": %.1f, \"waits_a_step\": %.1f, \"profile\": \"%s\"}%n",
                what,
                batch,
                size,
                batch / median(whole),
                median(teaching) * 1e3,
                median(learning) * 1e3,
                median(updating) * 1e3,
                (double) (counts.in() + counts.out()) / steps,
                (double) counts.waits() / steps,
                torch.profile());
    }

    private static void requireNumber(double loss) {
        if (!Double.isFinite(loss)) {
            throw new IllegalStateException("the loss is " + loss);
        }
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static String memory(int step) throws Exception {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        String resident = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .findFirst()
                .orElse("VmRSS: unknown");
        return String.format(
                Locale.ROOT, "step %d: heap %.1f MiB, %s", step, heap / 1048576.0, resident.replaceAll("\\s+", " "));
    }
}
