package org.simreg.coordinator.view.console;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.FileInspection;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/** The description of a file of weights as one JSON object. */
public final class InspectionJson {
    private final JsonWriter json;

    private InspectionJson(JsonWriter json) {
        this.json = json;
    }

    /**
     * @param keys whether all tensors are listed, under {@code keys}
     */
    public static String of(FileInspection file, boolean keys) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            new InspectionJson(json).write(file, keys);
        } catch (IOException e) {
            throw new IllegalStateException("memory took no text", e);
        }
        return text + "\n";
    }

    private void write(FileInspection file, boolean keys) throws IOException {
        WeightsFile.Contents contents = file.contents();
        json.beginObject();
        json.name("file").value(file.file().toString()).name("sha256").value(file.sha256());
        json.name("container").value(contents.container().name().toLowerCase(Locale.ROOT));
        json.name("run").value(file.isRun());
        json.name("type").value(contents.type());
        json.name("tensors").value(contents.tensors().size()).name("values").value(file.values());
        json.name("dtypes").beginObject();
        for (var type : file.types().entrySet()) {
            json.name(type.getKey().name().toLowerCase(Locale.ROOT)).value(type.getValue());
        }
        json.endObject().name("top_level").beginObject();
        for (WeightsFile.Contents.Entry entry : contents.entries()) {
            json.name(entry.key()).value(entry.summary());
        }
        json.endObject().name("notes").beginObject();
        for (var note : contents.notes().entrySet()) {
            json.name(note.getKey()).value(note.getValue());
        }
        json.endObject();
        strings("methods", file.methods());
        networks(file.recognised());
        heads(file.recognised().heads());
        if (keys) {
            keys(contents.tensors(), file.keys());
        }
        json.endObject();
    }

    private void networks(RecognizedFile recognised) throws IOException {
        json.name("networks").beginArray();
        for (RecognizedFile.FoundNetwork found : recognised.networks()) {
            json.beginObject().name("network").value(found.network().name());
            json.name("prefix").value(found.prefix());
            json.name("role").value(found.role().word());
            json.name("part").value(found.part().option(recognised.parts()));
            json.name("features").value(found.network().outputs());
            json.name("parameters").value(found.network().parameterCount());
            json.name("classes").value(found.classes()).endObject();
        }
        json.endArray();
        if (recognised.nearest().isPresent()) {
            RecognizedFile.Near near = recognised.nearest().get();
            json.name("nearest").beginObject();
            json.name("network").value(Networks.backbone(near.name()).name());
            json.name("prefix").value(near.prefix());
            json.name("problem").value(near.problem()).endObject();
        }
    }

    private void heads(List<RecognizedFile.FoundHead> heads) throws IOException {
        json.name("heads").beginArray();
        for (RecognizedFile.FoundHead head : heads) {
            json.beginObject().name("prefix").value(head.prefix());
            json.name("form").value(head.form());
            json.name("in").value(head.in()).name("out").value(head.out());
            strings("layers", head.layers());
            json.endObject();
        }
        json.endArray();
    }

    private void keys(StateDict tensors, List<String> names) throws IOException {
        json.name("keys").beginArray();
        for (String name : names) {
            json.beginObject().name("name").value(name);
            json.name("dtype").value(tensors.dtype(name).name().toLowerCase(Locale.ROOT));
            json.name("shape").beginArray();
            for (long size : tensors.shape(name)) {
                json.value(size);
            }
            json.endArray().endObject();
        }
        json.endArray();
    }

    private void strings(String name, List<String> values) throws IOException {
        json.name(name).beginArray();
        for (String value : values) {
            json.value(value);
        }
        json.endArray();
    }
}
