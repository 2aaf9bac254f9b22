{{- define "simreg.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "simreg.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "simreg.workerImage" -}}
{{- if .Values.worker.gpu.enabled -}}
{{ .Values.worker.gpu.repository }}:{{ .Values.worker.gpu.tag | default .Chart.AppVersion }}
{{- else -}}
{{ include "simreg.image" . }}
{{- end -}}
{{- end }}

{{- define "simreg.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "simreg.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "simreg.bucketEnv" -}}
{{- if and .Values.data.bucket.enabled .Values.data.bucket.secret }}
- secretRef:
    name: {{ .Values.data.bucket.secret }}
{{- end }}
{{- end }}

{{- define "simreg.dataMount" -}}
{{- if .Values.data.claim }}
- name: data
  mountPath: /data
  readOnly: true
{{- end }}
{{- end }}

{{- define "simreg.dataVolume" -}}
{{- if .Values.data.claim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.data.claim }}
    readOnly: true
{{- end }}
{{- end }}
