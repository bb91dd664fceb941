"""The dashboard: Streamlit pages over MLflow, the registry and the data sets."""
