@"%LOCALAPPDATA%\..\..\..\..\Python313\python.exe" -X utf8 %*
