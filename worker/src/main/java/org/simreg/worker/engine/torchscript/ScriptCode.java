package org.simreg.worker.engine.torchscript;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.FlatLayout.Slot;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.format.script.ScriptArchive;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The calls of a TorchScript module from outside, as TorchScript source. Before every pass its
 * parameters are made views of a flat vector and its buffers copies out of another one; what a pass
 * makes of the buffers is copied back. So the vectors stay the only state.
 */
final class ScriptCode {
    /** c10::ScalarType of whole numbers as a state dict has them. */
    private static final int INT64 = 4;

    private final ScriptArchive archive;
    private final List<String> parameters;
    private final FlatLayout trained;
    private final FlatLayout statistics;

    private ScriptCode(NetworkGraph network, ScriptArchive archive) {
        this.archive = archive;
        trained = new FlatLayout(network.parameters());
        statistics = new FlatLayout(network.statistics());
        parameters = trained.weights().stream().map(Weight::name).toList();
    }

    /**
     * The code for a network that is a module.
     *
     * @return empty for a network of our own layers
     * @throws UserError if the file is another one by now
     */
    static Optional<ScriptCode> of(NetworkGraph network) {
        return network.script().map(script -> new ScriptCode(network, read(script)));
    }

    private static ScriptArchive read(Op.Script script) {
        ScriptArchive archive = ScriptArchive.read(script.file());
        if (!archive.sha256().equals(script.sha256())) {
            throw new UserError(script.file()
                    + " was changed while the job was running; put the old file back and continue with --resume");
        }
        return archive;
    }

    /** Values that the module's buffers take in the flat statistics, where they are first. */
    int statistics() {
        return statistics.length();
    }

    /** The archive of a class with these methods and the module. */
    byte[] archive(String name, List<String> lists, String methods) {
        return CodeArchive.around(archive, name, lists, methods);
    }

    /**
     * The archive of a class with {@code bind(weights, statistics)} and {@code features(images)}.
     */
    byte[] frozen(Pixels pixels) {
        ScriptSource source = new ScriptSource();
        methods(source);
        source.method("bind(self, weights: Tensor, statistics: Tensor) -> Tensor");
        source.line("w = annotate(List[Tensor], [])");
        for (Slot slot : trained.slots()) {
            source.line("w = torch.append(w, %s)", StepCode.view(slot, "weights"));
        }
        source.line("self.parameters = w");
        source.line("self.state = [statistics]");
        source.line("return weights");
        source.method("features(self, images: Tensor) -> Tensor");
        source.line("w = self.parameters");
        source.line("buffers = torch.clone(self.state[0])");
        String x = PixelCode.append(source, pixels, false);
        source.line("return %s", forward(source, x, "w", "buffers"));
        return archive(FrozenCode.CLASS, List.of("parameters", "state"), source.toString());
    }

    /** The flat vector of parameters or of buffers. */
    float[] flat(StateDict weights, boolean parameters) {
        FlatLayout layout = parameters ? trained : statistics;
        float[] flat = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            layout.put(flat, weight.name(), weights.get(weight.name()).floats());
        }
        return flat;
    }

    /** Appends the methods that {@link #forward} calls. */
    void methods(ScriptSource source) {
        source.method("place(self, w: List[Tensor], buffers: Tensor) -> Tensor");
        Map<String, String> modules = modules(source);
        for (Map.Entry<String, String> place : archive.places().entrySet()) {
            int parameter = parameters.indexOf(place.getValue());
            String value = parameter >= 0 ? "w[" + parameter + "]" : fresh(statistics.slot(place.getValue()));
            source.line("%s = %s", attribute(modules, place.getKey()), value);
        }
        source.line("return buffers");
        source.method("collect(self, buffers: Tensor) -> Tensor");
        Map<String, String> again = modules(source);
        for (Slot slot : statistics.slots()) {
            source.line(
                    "c = torch.copy_(%s, torch.detach(%s))",
                    part(slot), attribute(again, slot.weight().name()));
        }
        source.line("return buffers");
    }

    /**
     * Appends a pass.
     *
     * @param x normalised images, in whatever order of memory
     * @param w list of the parameters
     * @param buffers flat vector with the buffers; changed
     * @return the variable that holds the feature (N, D)
     */
    String forward(ScriptSource source, String x, String w, String buffers) {
        source.line("placed = self.place(%s, %s)", w, buffers);
        source.line("module = self.%s", CodeArchive.MODULE);
        // The module may look at its input by view, which the order of channels last breaks.
        source.line("feature = (module).forward(torch.contiguous(%s), )", x);
        source.line("collected = self.collect(%s)", buffers);
        return "feature";
    }

    /** A variable for each module with tensors, by its dotted place. */
    private Map<String, String> modules(ScriptSource source) {
        Map<String, String> variables = new LinkedHashMap<>();
        source.line("m0 = self.%s", CodeArchive.MODULE);
        variables.put("", "m0");
        for (String name : archive.places().keySet()) {
            String place = "";
            for (String part : parent(name).split("\\.")) {
                if (part.isEmpty()) {
                    continue;
                }
                String outer = variables.get(place);
                place = place.isEmpty() ? part : place + "." + part;
                if (!variables.containsKey(place)) {
                    String variable = "m" + variables.size();
                    variables.put(place, variable);
                    source.line("%s = getattr(%s, \"%s\")", variable, outer, part);
                }
            }
        }
        return variables;
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    private static String attribute(Map<String, String> modules, String name) {
        return modules.get(parent(name)) + "." + name.substring(name.lastIndexOf('.') + 1);
    }

    /** A copy of a buffer, which a pass may change in place without touching the step's begin. */
    private static String fresh(Slot slot) {
        String values = "torch.clone(" + part(slot) + ")";
        return slot.weight().kind() == Weight.Kind.COUNTER
                ? "torch.to(torch.round(" + values + "), " + INT64 + ")"
                : values;
    }

    private static String part(Slot slot) {
        return "torch.view(torch.narrow(buffers, 0, "
                + slot.offset()
                + ", "
                + slot.weight().length()
                + "), "
                + ScriptSource.list(slot.weight().shape())
                + ")";
    }
}
